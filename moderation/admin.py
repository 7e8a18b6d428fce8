"""The moderators' desk in Django's admin: the queue of cases, and one decision at a time."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import DecidingAdmin, ModeratorAdmin
from feed.errors import ClipNotFound
from feed.selectors import review_media
from moderation.models import (
    MOVES,
    REASON_CHARACTERS_MAX,
    Action,
    Case,
    CaseState,
    Decision,
    PromptCheck,
    ReportReason,
)
from moderation.selectors import queue
from moderation.services import decide

_VERBS = {
    Action.HIDE: "Hide the clip from everybody",
    Action.DISMISS: "Dismiss: the clip stays",
    Action.RESTORE: "Restore the clip",
}


class StateFilter(admin.SimpleListFilter):
    """What is open, unless another state or a search is asked for."""

    title = "state"
    parameter_name = "state"
    states: ClassVar = CaseState.choices  # among them "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer every state and all of them."""
        return [*self.states, ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        """Leave out Django's own "All", which would be the default."""
        return list(super().choices(changelist))[1:]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter by the chosen state."""
        state = self.value() or ("all" if request.GET.get("q") else CaseState.OPEN)
        return queryset if state == "all" else queryset.filter(state=state)


class DecisionForm(forms.Form):
    """What is to be done, and the reason that the author reads."""

    action = forms.ChoiceField(widget=forms.RadioSelect)
    reason = forms.CharField(
        max_length=REASON_CHARACTERS_MAX,
        widget=forms.Textarea(attrs={"rows": 5, "cols": 70}),
        help_text="The author of the clip reads this: say which rule, and what in the clip.",
    )

    def __init__(self, state: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(action, _VERBS[Action(action)]) for action in MOVES[state]]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]


@admin.register(Case)
class CaseAdmin(DecidingAdmin):
    """The queue: most reported and then oldest first."""

    list_display = ("preview", "id", "author", "state", "reports_made", "reasons", "opened_at")
    list_display_links = ("preview", "id")
    list_filter = (StateFilter,)
    search_fields = ("id", "clip__id", "clip__author__username")
    search_help_text = "Id of a case or clip, or an author's name"
    list_per_page = 25
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        """Return the queue."""
        return queue().prefetch_related("reports")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Keep the queue's own order."""
        return ("-report_count", "opened_at")

    @admin.display(description="Clip")
    def preview(self, case: Case) -> SafeString | str:
        """Show the poster, blurred until it is pointed at."""
        media = _media(case.clip_id)
        if media is None:
            return "deleted"
        return format_html(
            '<img src="{}" alt="poster" loading="lazy" width="54" height="96" '
            'style="filter:blur(6px) grayscale(1);object-fit:cover">',
            media["poster_url"],
        )

    @admin.display(description="Author")
    def author(self, case: Case) -> str:
        """Name the clip's author; no address."""
        return f"@{case.clip.author.username}"

    @admin.display(description="Reports", ordering="report_count")
    def reports_made(self, case: Case) -> int:
        """Count the reports."""
        return case.report_count  # type: ignore[attr-defined, no-any-return]

    @admin.display(description="Reasons")
    def reasons(self, case: Case) -> str:
        """Name each reason once."""
        found = {ReportReason(report.reason).label for report in case.reports.all()}
        return ", ".join(sorted(found))

    def form_of(self, row: Case, data: QueryDict | None) -> DecisionForm:
        """Return the form of what can be done from the case's state."""
        return DecisionForm(row.state, data)

    def facts_of(self, row: Case) -> dict[str, Any]:
        """Return the clip, what was reported and what was decided before."""
        return {
            "media_urls": _media(row.clip_id),
            "reports": row.reports.order_by("created_at"),
            "decisions": row.decisions.select_related("decided_by").order_by("created_at"),
        }

    def carry_out(self, request: HttpRequest, row: Case, form: forms.Form) -> str:
        """Decide the case."""
        action, reason = form.cleaned_data["action"], form.cleaned_data["reason"]
        decide(case_id=row.pk, by=request.user, action=action, reason=reason)
        return f"{action}: {reason}"

    def get_urls(self) -> list[URLPattern]:
        """Add the way to a clip that has no case: other apps' pages lead there."""
        clip = path(
            "clip/<uuid:clip_id>/",
            self.admin_site.admin_view(self.clip_view),
            name="moderation_case_clip",
        )
        return [clip, *super().get_urls()]

    def clip_view(self, request: HttpRequest, clip_id: UUID) -> HttpResponse:
        """Lead a moderator to a clip's film, whoever else may see it.

        Raises:
            Http404: who asks is no moderator, or there is no such clip to be seen.
        """
        media = _media(clip_id) if self.has_view_permission(request) else None
        if media is None:
            raise Http404
        return HttpResponseRedirect(media["mp4_url"])


@admin.register(Decision)
class DecisionAdmin(ModeratorAdmin):
    """The record of decisions."""

    list_display = ("created_at", "action", "decided_by", "case", "reason")
    list_filter = ("action",)
    search_fields = ("case__id", "case__clip__id", "decided_by__username")
    ordering = ("-created_at",)
    fields = ("created_at", "action", "decided_by", "case", "reason")
    actions = None


@admin.register(PromptCheck)
class PromptCheckAdmin(ModeratorAdmin):
    """Where the prompt policy refused or doubted, to tune its rules."""

    list_display = ("created_at", "outcome", "rule", "score", "policy_version", "user")
    list_filter = ("outcome", "rule", "policy_version")
    ordering = ("-created_at",)
    actions = None


def _media(clip_id: UUID) -> dict[str, str] | None:
    try:
        return review_media(clip_id)
    except ClipNotFound:
        return None
