"""Cameos as moderators see them: who owns them and what they are, never the face itself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from accounts.admin import DecidingAdmin
from cameos.errors import CameoNotFound
from cameos.models import Cameo, CameoState
from cameos.selectors import reach_of
from cameos.services import freeze, unfreeze
from cameos.services.use.freezing import REASON_CHARACTERS_MAX

_MOVES = {CameoState.ACTIVE: (freeze, "Freeze"), CameoState.FROZEN: (unfreeze, "Unfreeze")}


class ReasonForm(forms.Form):
    """Why, in words for the owner."""

    reason = forms.CharField(
        max_length=REASON_CHARACTERS_MAX,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 70}),
        help_text="The owner reads this.",
    )


@admin.register(Cameo)
class CameoAdmin(DecidingAdmin):
    """The cameos; one at a time is frozen or unfrozen."""

    list_display = ("handle", "kind", "state", "owner", "created_at")
    list_filter = ("kind", "state")
    search_fields = ("id", "handle", "owner__username")
    ordering = ("-created_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cameo]:
        """Return all, with their owners."""
        return Cameo.objects.select_related("owner")

    def form_of(self, row: Cameo, data: QueryDict | None) -> ReasonForm:
        """Return the form: a reason."""
        return ReasonForm(data)

    def facts_of(self, row: Cameo) -> dict[str, Any]:
        """Return how far its use reaches, and what can be done."""
        move = _MOVES.get(CameoState(row.state))
        return {"reach": reach_of(row).counts(), "verb": move[1] if move else None}

    def carry_out(self, request: HttpRequest, row: Cameo, form: forms.Form) -> str:
        """Freeze or unfreeze it.

        Raises:
            CameoNotFound: it is neither active nor frozen.
        """
        if CameoState(row.state) not in _MOVES:
            raise CameoNotFound("Nothing can be done from here.")
        move, name = _MOVES[CameoState(row.state)]
        reason = form.cleaned_data["reason"]
        move(cameo_id=row.pk, by=request.user, reason=reason)
        return f"{name.lower()}: {reason}"
