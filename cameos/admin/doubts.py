"""Faces in clips that may be somebody's who has not agreed: a moderator looks and says."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import ModeratorAdmin
from cameos.models import LikenessDoubt
from cameos.services.faces.doubts import settle_doubt
from core.errors import DomainError


@admin.register(LikenessDoubt)
class LikenessDoubtAdmin(ModeratorAdmin):
    """The queue of doubts, oldest first; what is decided is no longer listed."""

    list_display = ("id", "clip", "at", "similarity", "whose", "author", "created_at")
    list_display_links = None
    list_select_related = ("cameo__owner", "user")
    search_fields = ("id", "clip_id", "user__username")
    ordering = ("created_at",)
    actions = ("clear", "confirm")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LikenessDoubt]:
        """Return what waits for a decision."""
        return super().get_queryset(request).filter(is_cleared__isnull=True)

    @admin.display(description="Clip")
    def clip(self, doubt: LikenessDoubt) -> SafeString:
        """Lead to the film, which nobody but its author and moderators can see."""
        url = reverse("admin:moderation_case_clip", args=[doubt.clip_id])
        return format_html('<a href="{}">{}</a>', url, doubt.clip_id)

    @admin.display(description="At", ordering="at_seconds")
    def at(self, doubt: LikenessDoubt) -> str:
        """Say where in the film the face is."""
        return f"{doubt.at_seconds:.1f} s"

    @admin.display(description="Like the face of")
    def whose(self, doubt: LikenessDoubt) -> str:
        """Name the registration: its kind, and its owner or the operator's name for it."""
        kind = doubt.cameo.get_kind_display()
        if doubt.cameo.owner is not None:
            return f"{kind}: @{doubt.cameo.owner.username}"
        return f"{kind}: {doubt.cameo.name or doubt.cameo_id}"

    @admin.display(description="Author")
    def author(self, doubt: LikenessDoubt) -> str:
        """Name the clip's author; no address."""
        return f"@{doubt.user.username}"

    @admin.action(description="It is somebody else: the author may publish the clip")
    def clear(self, request: HttpRequest, doubts: QuerySet[LikenessDoubt]) -> None:
        """Let the selected clips go."""
        self._settle(request, doubts, is_cleared=True)

    @admin.action(description="It is them: the clip ends for good, and they are told")
    def confirm(self, request: HttpRequest, doubts: QuerySet[LikenessDoubt]) -> None:
        """End the selected clips."""
        self._settle(request, doubts, is_cleared=False)

    def _settle(
        self, request: HttpRequest, doubts: QuerySet[LikenessDoubt], *, is_cleared: bool
    ) -> None:
        for doubt in doubts:
            try:
                settle_doubt(doubt_id=doubt.pk, by=request.user, is_cleared=is_cleared)
            except DomainError as error:
                messages.error(request, f"{doubt.clip_id}: {error.detail}")
            else:
                self.log_change(request, doubt, "cleared" if is_cleared else "confirmed")
                messages.success(request, f"{doubt.clip_id}: decided.")
