"""Cameos as moderators see them: who owns them and what they are, never the face itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.policy import is_moderator
from cameos.models import Cameo, CameoState
from cameos.services import freeze, reach_of, unfreeze
from cameos.services.freezing import REASON_CHARACTERS_MAX
from core.errors import DomainError

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # Django's own class takes no type argument
    _ModelAdmin = admin.ModelAdmin

_VERBS = {CameoState.ACTIVE: (freeze, "Freeze"), CameoState.FROZEN: (unfreeze, "Unfreeze")}


class ReasonForm(forms.Form):
    """Why, in words for the owner."""

    reason = forms.CharField(
        max_length=REASON_CHARACTERS_MAX,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 70}),
        help_text="The owner reads this.",
    )


@admin.register(Cameo)
class CameoAdmin(_ModelAdmin):
    """The cameos; one at a time is frozen or unfrozen."""

    list_display = ("handle", "kind", "state", "owner", "created_at")
    list_filter = ("kind", "state")
    search_fields = ("id", "handle", "owner__username")
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the section to moderators."""
        return is_moderator(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let moderators read."""
        return is_moderator(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come from services alone."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows come from services alone."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only its owner ends a cameo."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cameo]:
        """Return all, with their owners."""
        return Cameo.objects.select_related("owner")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one cameo, and freeze or unfreeze it.

        Raises:
            Http404: who asks is no moderator, or there is no such cameo.
        """
        cameo = self.get_object(request, object_id)
        if cameo is None or not self.has_view_permission(request, cameo):
            raise Http404
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and self._move(request, cameo, form):
            return HttpResponseRedirect(reverse("admin:cameos_cameo_changelist"))
        verb = _VERBS.get(CameoState(cameo.state))
        context = {
            **self.admin_site.each_context(request),
            "title": "Cameo",
            "opts": self.opts,
            "cameo": cameo,
            "reach": reach_of(cameo),
            "form": form,
            "verb": verb[1] if verb else None,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/cameos/cameo/decide.html", context)

    def _move(self, request: HttpRequest, cameo: Cameo, form: ReasonForm) -> bool:
        verb = _VERBS.get(CameoState(cameo.state))
        if verb is None:
            return False
        move, name = verb
        reason = form.cleaned_data["reason"]
        try:
            move(cameo_id=cameo.pk, by=request.user, reason=reason)
        except DomainError as error:
            form.add_error(None, error.detail)
            return False
        self.log_change(request, cameo, f"{name}: {reason}")
        messages.success(request, f"Done: {name.lower()}.")
        return True
