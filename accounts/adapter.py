"""Where django-allauth meets our accounts."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.forms import BaseForm
from django.http import HttpRequest

from accounts.models import User
from accounts.services import end_sessions, sign_up
from core.throttles import client_ip


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by `sign_up`, names are lower case, a new password ends every session."""

    def save_user(
        self,
        request: HttpRequest,
        user: User,
        form: BaseForm,
        commit: bool = True,  # noqa: FBT001 - allauth's signature
    ) -> User:
        """Make the account and redeem its invite; the sign-up view answers what this raises."""
        data = form.cleaned_data
        return sign_up(
            username=data["username"],
            email=data["email"],
            password=data["password"],
            invite_code=data["invite_code"],
            birth_date=data["birth_date"],
        )

    def clean_username(self, username: str, shallow: bool = False) -> str:  # noqa: FBT001
        """Return the name in lower case when it is well-formed, not reserved and free."""
        username = username.lower()
        for validator in User._meta.get_field("username").validators:
            validator(username)
        return str(super().clean_username(username, shallow=shallow))

    def set_password(self, user: User, password: str) -> None:
        """Change the password and log the user out everywhere: whoever knew the old one is out."""
        super().set_password(user, password)
        end_sessions(user_id=user.pk)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that rate limits and the session list go by."""
        return client_ip(request)

    def format_email_subject(self, subject: Any) -> str:
        """Return the subject as it is; allauth would put the host name in front."""
        return str(subject)
