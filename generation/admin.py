"""The moderators' desk: refusals that their authors do not accept, and one decision at a time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.admin import ModeratorAdmin
from core.errors import DomainError
from generation.models import REASON_CHARACTERS_MAX, Appeal, AppealState
from generation.services.appeals import decide_appeal
from generation.services.request import GenerationRequest
from moderation.admin import StateFilter

UPHOLD, DENY = "uphold", "deny"


class AppealForm(forms.Form):
    """The decision, and the reason that the author reads."""

    decision = forms.ChoiceField(
        choices=[(UPHOLD, "The author is right: make the clip"), (DENY, "The refusal stands")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        max_length=REASON_CHARACTERS_MAX,
        widget=forms.Textarea(attrs={"rows": 5, "cols": 70}),
        help_text="The author reads this.",
    )


class AppealStateFilter(StateFilter):
    """Open appeals, unless others are asked for."""

    states = AppealState.choices


@admin.register(Appeal)
class AppealAdmin(ModeratorAdmin):
    """The queue of appeals, oldest first."""

    list_display = ("id", "author", "rules", "state", "created_at")
    list_filter = (AppealStateFilter,)
    search_fields = ("id", "user__username")
    list_select_related = ("user",)
    ordering = ("created_at",)
    actions = None

    @admin.display(description="Author")
    def author(self, appeal: Appeal) -> str:
        """Name the author; no address."""
        return f"@{appeal.user.username}"

    @admin.display(description="Rules")
    def rules(self, appeal: Appeal) -> str:
        """Name each rule once."""
        return ", ".join(sorted({reason["rule"] for reason in appeal.reasons}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one appeal and take the decision on it.

        Raises:
            Http404: who asks is no moderator, or there is no such appeal.
        """
        appeal = self.get_object(request, object_id)
        if appeal is None or not self.has_view_permission(request, appeal):
            raise Http404
        form = AppealForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and self._decide(request, appeal, form):
            return HttpResponseRedirect(reverse("admin:generation_appeal_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Appeal",
            "opts": self.opts,
            "appeal": appeal,
            "is_open": appeal.state == AppealState.OPEN,
            "texts": GenerationRequest.from_json(appeal.request).texts(),
            "form": form,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/generation/appeal/decide.html", context)

    def _decide(self, request: HttpRequest, appeal: Appeal, form: AppealForm) -> bool:
        decision, reason = form.cleaned_data["decision"], form.cleaned_data["reason"]
        try:
            decide_appeal(
                appeal_id=appeal.pk, by=request.user, uphold=decision == UPHOLD, reason=reason
            )
        except DomainError as error:
            form.add_error(None, error.detail)
            return False
        self.log_change(request, appeal, f"{decision}: {reason}")
        messages.success(request, f"Decided: {decision}.")
        return True
