"""The moderators' desk: refusals that their authors do not accept, and one decision at a time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, QueryDict

from accounts.admin import DecidingAdmin
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
class AppealAdmin(DecidingAdmin):
    """The queue of appeals, oldest first."""

    list_display = ("id", "author", "rules", "state", "created_at")
    list_filter = (AppealStateFilter,)
    search_fields = ("id", "user__username")
    list_select_related = ("user",)
    ordering = ("created_at",)

    @admin.display(description="Author")
    def author(self, appeal: Appeal) -> str:
        """Name the author; no address."""
        return f"@{appeal.user.username}"

    @admin.display(description="Rules")
    def rules(self, appeal: Appeal) -> str:
        """Name each rule once."""
        return ", ".join(sorted({reason["rule"] for reason in appeal.reasons}))

    def form_of(self, row: Appeal, data: QueryDict | None) -> AppealForm:
        """Return the form: two answers and a reason."""
        return AppealForm(data)

    def facts_of(self, row: Appeal) -> dict[str, Any]:
        """Return what was asked for, by field."""
        return {
            "is_open": row.state == AppealState.OPEN,
            "texts": GenerationRequest.from_json(row.request).texts(),
        }

    def carry_out(self, request: HttpRequest, row: Appeal, form: forms.Form) -> str:
        """Decide the appeal."""
        decision, reason = form.cleaned_data["decision"], form.cleaned_data["reason"]
        decide_appeal(appeal_id=row.pk, by=request.user, uphold=decision == UPHOLD, reason=reason)
        return f"{decision}: {reason}"
