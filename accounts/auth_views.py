"""Sign-up: allauth's view in one transaction with the invite's redemption."""

from __future__ import annotations

from typing import Any

from allauth.headless.account.views import SignupView
from allauth.headless.internal.restkit.response import ErrorResponse
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.errors import EmailTaken, InviteInvalid, SignUpStopped, UsernameTaken
from core.switches import SIGN_UP, is_thrown


class InvitedSignupView(SignupView):  # type: ignore[misc]
    """Account, e-mail address, redemption and first session: all of them, or none."""

    def handle_input(self, data: dict[str, Any] | None) -> ErrorResponse | None:
        """Look at what was sent, unless nobody may sign up: then nothing else is told."""
        if self.request.method == "POST" and is_thrown(SIGN_UP):
            stopped = ValidationError(SignUpStopped.title, code=SignUpStopped.code)
            return ErrorResponse(self.request, exception=stopped)
        return super().handle_input(data)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign up; who loses a race for the last place, the name or the address is told so."""
        try:
            with transaction.atomic():
                response: HttpResponse = super().post(request, *args, **kwargs)
        except (SignUpStopped, InviteInvalid, UsernameTaken, EmailTaken) as error:
            self.input.add_error(error.field, ValidationError(error.detail, code=error.code))
            response = ErrorResponse(request, input=self.input)
        return response
