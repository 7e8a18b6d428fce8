"""What sign-up asks for beyond allauth's own fields."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import InviteInvalid
from accounts.models import User
from accounts.policy import age_years
from accounts.selectors import invite_is_open

OLDEST_YEARS = 130


class JsonDateField(forms.DateField):
    """A date as JSON gives it, `YYYY-MM-DD`; a number or a list is not valid, not a crash."""

    def to_python(self, value: Any) -> date | None:
        """Return the date."""
        return super().to_python("" if value is None else str(value))


class InvitedSignupForm(forms.Form):
    """The base that allauth's sign-up input builds on."""

    field_order = ("invite_code", "birth_date", "email", "username", "password")
    invite_code = forms.CharField(max_length=64, required=False)  # empty: has a code of its own
    birth_date = JsonDateField(input_formats=["%Y-%m-%d"])

    def full_clean(self) -> None:
        """Validate; without an open invite nothing else is told, such as which names are taken."""
        super().full_clean()
        if "invite_code" in self.errors:
            invite_errors = self.errors["invite_code"]
            self.errors.clear()
            self.errors["invite_code"] = invite_errors

    def clean_invite_code(self) -> str:
        """Return the code of an invite that is open now.

        Raises:
            ValidationError: `invite_required` or `invite_invalid`.
        """
        code: str = self.cleaned_data["invite_code"]
        if not code:
            raise ValidationError("An invite code is needed.", code="invite_required")
        if not invite_is_open(code):
            raise ValidationError(InviteInvalid.title, code=InviteInvalid.code)
        return code

    def clean_birth_date(self) -> date:
        """Return the date of birth of somebody old enough.

        Raises:
            ValidationError: `under_age`, or no date that anybody alive was born on.
        """
        born: date = self.cleaned_data["birth_date"]
        age = age_years(born=born, today=timezone.now().date())
        if not 0 <= age <= OLDEST_YEARS:
            raise ValidationError("This is not a date of birth.", code="invalid")
        if age < settings.MINIMUM_AGE_YEARS:
            raise ValidationError(
                f"You must be at least {settings.MINIMUM_AGE_YEARS} years old.", code="under_age"
            )
        return born

    def signup(self, request: HttpRequest, user: User) -> None:
        """Do nothing: `AccountAdapter.save_user` has made the account and redeemed the invite."""
