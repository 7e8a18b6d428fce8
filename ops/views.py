"""The operator's page, its buttons, and the metrics. Sessions of Django's admin, no API tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views import View

from accounts.policy import is_operator
from core.errors import DomainError
from core.problems import problem, problem_of, problem_response
from core.switches import REASON_LENGTH_MAX
from ops.errors import NotAnOperator
from ops.metrics import CONTENT_TYPE, exposition
from ops.selectors import HOURS, figures, page
from ops.services import ACTIONS, perform

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

HOURS_DEFAULT = 6


class OperatorView(View):
    """A page that operators see: strangers are sent to the login, others are told no."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let operators through."""
        if not request.user.is_authenticated:
            back = request.get_full_path() if request.method == "GET" else reverse("ops")
            return redirect_to_login(back, reverse("admin:login"))
        if not is_operator(request.user):
            return TemplateResponse(request, "ops/forbidden.html", status=403)
        return super().dispatch(request, *args, **kwargs)


class PageView(OperatorView):
    """How the instance is doing, with what can be done about it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page, or with `?partial=1` its sections alone."""
        given = request.GET.get("hours", "")
        hours = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0
        context = {
            **page(hours=hours if hours in HOURS else HOURS_DEFAULT),
            "instance": settings.INSTANCE_NAME,
            "version": settings.VERSION,
            "reason_length_max": REASON_LENGTH_MAX,
        }
        name = "ops/sections.html" if request.GET.get("partial") else "ops/page.html"
        answer = TemplateResponse(request, name, context)
        answer["Cache-Control"] = "private, no-store"
        return answer


class ActionForm(forms.Form):
    """What a button sends."""

    on = forms.CharField(max_length=120, required=False)
    reason = forms.CharField(max_length=2 * REASON_LENGTH_MAX, required=False)


class ActionView(OperatorView):
    """One button."""

    def post(self, request: HttpRequest, action: str) -> HttpResponse:
        """Do it once, and go back to the section it is in with what came of it."""
        form = ActionForm(request.POST)
        known = ACTIONS.get(action)
        if not form.is_valid():
            messages.error(request, "This cannot be read: a field is too long or not text.")
        else:
            self._perform(request, action, form.cleaned_data)
        section = f"#{known.section}" if known else ""
        return HttpResponseRedirect(reverse("ops") + section)

    def _perform(self, request: HttpRequest, action: str, given: dict[str, Any]) -> None:
        try:
            told = perform(action=action, by=request.user, on=given["on"], reason=given["reason"])
        except DomainError as error:
            messages.error(request, error.detail)
        else:
            messages.success(request, told)


class MetricsView(View):
    """The figures for Prometheus: by METRICS_TOKEN, or in an operator's own browser."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Tell the figures, at most two seconds old."""
        refusal = _refusal(request)
        if refusal is not None:
            return refusal
        body = exposition(figures(), version=settings.VERSION)
        return HttpResponse(body, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def _refusal(request: HttpRequest) -> HttpResponse | None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and settings.METRICS_TOKEN:
        if constant_time_compare(given.strip(), settings.METRICS_TOKEN):
            return None
        return _unauthenticated("The token is not METRICS_TOKEN.")
    user: User | AnonymousUser = request.user
    if not user.is_authenticated:
        return _unauthenticated("Send METRICS_TOKEN as a bearer token, or sign in at /admin/.")
    return None if is_operator(user) else problem_response(problem_of(NotAnOperator()))


def _unauthenticated(detail: str) -> HttpResponse:
    answer = problem_response(
        problem(
            status=401,
            code="not_authenticated",
            title="Only operators read the metrics.",
            detail=detail,
        )
    )
    answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
    return answer
