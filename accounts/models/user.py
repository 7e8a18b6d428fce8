"""The person behind an account."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from core.ids import new_id


class UserManager(BaseUserManager["User"]):
    """Makes users; people come in through `accounts.services.sign_up`."""

    def create_user(
        self, username: str, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Return a new saved user; without a password nobody can log in as them."""
        user = self.model(username=username.lower(), email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Return a new user with every permission of the admin."""
        return self.create_user(
            username, email, password, is_staff=True, is_superuser=True, **fields
        )

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user of that name in any letter case."""
        return self.get(username=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """An account: one person, one handle. Name and address are stored in lower case."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(
        max_length=30,
        unique=True,
        validators=[
            RegexValidator(
                r"\A[a-z0-9](?:[a-z0-9_.]{1,28})[a-z0-9_]\Z",
                "3 to 30 of a-z, 0-9, dot and underscore; it begins with a letter or digit "
                "and does not end with a dot.",
            )
        ],
        error_messages={"unique": "This username is taken."},
    )
    email = models.EmailField(unique=True)
    display_name = models.CharField(max_length=50, blank=True)
    bio = models.CharField(max_length=200, blank=True)
    birth_date = models.DateField(null=True, blank=True)  # null: made by the operator
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    suspended_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(username=Lower("username")), name="user_username_lower"
            ),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_lower"
            ),
        ]

    def __str__(self) -> str:
        return f"@{self.username}"

    @property
    def is_suspended(self) -> bool:
        """Whether the account may read but not write now."""
        return self.suspended_until is not None and self.suspended_until > timezone.now()
