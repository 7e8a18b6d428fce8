"""Two faces that are much alike: a moderator says whether they are one person's."""

from __future__ import annotations

from typing import Any, Literal, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import URLPattern, path

from accounts.admin import DecidingAdmin
from accounts.policy import is_moderator
from cameos.models import LikenessReview
from cameos.selectors.waiting import open_reviews
from cameos.services.enrolment.reviews import (
    CANDIDATE,
    ENROLLED,
    REASON_CHARACTERS_MAX,
    decide_review,
    look_at_portrait,
)
from core.errors import DomainError

APPROVE, REFUSE = "approve", "refuse"
Which = Literal["candidate", "enrolled"]


class ReviewForm(forms.Form):
    """The decision, and the reason that the person reads."""

    decision = forms.ChoiceField(
        choices=[
            (APPROVE, "They may enrol: it is their own face"),
            (REFUSE, "They may not: it is the face of somebody else"),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        max_length=REASON_CHARACTERS_MAX,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 70}),
        help_text="The person reads this. Do not name whose the other face is.",
    )


@admin.register(LikenessReview)
class LikenessReviewAdmin(DecidingAdmin):
    """The queue of look-alikes, oldest first; what is decided or over is no longer listed."""

    called = "review"
    list_display = ("id", "person", "other", "similarity", "created_at")
    search_fields = ("id", "enrolment__user__username")
    list_select_related = ("enrolment__user", "cameo__owner")
    ordering = ("created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LikenessReview]:
        """Return what waits for a decision."""
        return open_reviews()

    def get_urls(self) -> list[URLPattern]:
        """Add the two portraits to the pages."""
        portrait = path(
            "<uuid:review_id>/portrait/<slug:which>/",
            self.admin_site.admin_view(self.portrait_view),
            name="cameos_likenessreview_portrait",
        )
        return [portrait, *super().get_urls()]

    @admin.display(description="Who enrols")
    def person(self, review: LikenessReview) -> str:
        """Name who enrols; no address."""
        return f"@{review.enrolment.user.username}"

    @admin.display(description="Whose face is alike")
    def other(self, review: LikenessReview) -> str:
        """Name the cameo that is alike, by kind and owner."""
        if review.cameo is None:
            return "ended meanwhile"
        owner = f" of @{review.cameo.owner.username}" if review.cameo.owner else ""
        return f"{review.cameo.get_kind_display()}{owner}"

    def form_of(self, row: LikenessReview, data: QueryDict | None) -> ReviewForm:
        """Return the form: two answers and a reason."""
        return ReviewForm(data)

    def facts_of(self, row: LikenessReview) -> dict[str, Any]:
        """Return who enrols, and whose face is alike."""
        return {"person": self.person(row), "other": self.other(row)}

    def carry_out(self, request: HttpRequest, row: LikenessReview, form: forms.Form) -> str:
        """Decide the review."""
        decision, reason = form.cleaned_data["decision"], form.cleaned_data["reason"]
        decide_review(
            review_id=row.pk, by=request.user, is_approved=decision == APPROVE, reason=reason
        )
        return f"{decision}: {reason}"

    def portrait_view(self, request: HttpRequest, review_id: UUID, which: str) -> HttpResponse:
        """Return one of the two portraits, and write down that it was looked at.

        Raises:
            Http404: who asks may not see it, no such review is open, or no portrait is kept.
        """
        review = self.get_object(request, str(review_id))
        if review is None or which not in {CANDIDATE, ENROLLED} or not is_moderator(request.user):
            raise Http404
        try:
            jpeg = look_at_portrait(
                review_id=review_id, by=request.user, which=cast("Which", which)
            )
        except DomainError as error:
            raise Http404 from error
        self.log_change(request, review, f"looked at the {which} portrait")
        if jpeg is None:
            raise Http404
        return HttpResponse(
            jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store, private"}
        )
