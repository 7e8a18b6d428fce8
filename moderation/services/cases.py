"""Reports open cases; moderators close them with a decision that the author can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db import transaction

from accounts.policy import is_moderator
from feed.selectors import author_of, visible_clip
from feed.services import hide_clip, hide_for_viewer, restore_clip
from moderation.errors import (
    CaseNotFound,
    DecisionNotPossible,
    NotAModerator,
    OwnClip,
    ReasonRequired,
)
from moderation.models import (
    MOVES,
    REASON_CHARACTERS_MAX,
    Action,
    Case,
    CaseState,
    Decision,
    Report,
)
from notifications.services import publish

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


def report(*, clip_id: UUID, by: User, reason: str, text: str = "") -> Report:
    """Report a clip: it leaves the reporter's feed at once and one open case holds all its reports.

    Reporting again while the case is open changes nothing and returns the first report.

    Args:
        clip_id: A clip that the reporter may see, or has reported already.
        by: The reporter.
        reason: One of `ReportReason`.
        text: What a moderator should know, at most 1,000 characters.

    Raises:
        feed.errors.ClipNotFound: The reporter sees no such clip.
        OwnClip: The clip is theirs.
    """
    earlier = Report.objects.filter(
        case__clip_id=clip_id, case__state=CaseState.OPEN, reporter_id=by.pk
    ).first()
    if earlier is not None:
        return earlier
    if visible_clip(clip_id, viewer=by).author_id == by.pk:
        raise OwnClip
    with transaction.atomic():
        made, _ = Report.objects.get_or_create(
            case=_open_case(clip_id), reporter_id=by.pk, defaults={"reason": reason, "text": text}
        )
        hide_for_viewer(user_id=by.pk, clip_id=clip_id, reason="reported")
    return made


def decide(*, case_id: UUID, by: User | AnonymousUser, action: str, reason: str) -> Decision:
    """Carry out a moderator's decision, keep it for ever, and tell the clip's author.

    Hiding takes the clip and its media from everybody; restoring gives back the exact state before.
    A dismissal changes nothing for the author and is not told to them. Of two moderators who decide
    at once one is second and gets DecisionNotPossible.

    Args:
        case_id: The case.
        by: The moderator.
        action: "hide", "dismiss" or "restore".
        reason: The statement of reasons, 1 to 2,000 characters, in words for the author.

    Raises:
        NotAModerator: `by` may not decide.
        OwnClip: The moderator made the clip.
        ReasonRequired: There is no reason, or it is too long.
        CaseNotFound: There is no such case.
        DecisionNotPossible: The action leads nowhere from the case's state.
    """
    if not is_moderator(by):
        raise NotAModerator
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise ReasonRequired(field="reason")
    with transaction.atomic():
        case = Case.objects.select_for_update().filter(pk=case_id).first()
        if case is None:
            raise CaseNotFound
        author_id = author_of(case.clip_id)
        if author_id == by.pk:
            raise OwnClip("A colleague has to decide on your own clip.")
        _move(case, action)
        made = Decision.objects.create(
            case=case, action=action, reason=reason, decided_by_id=cast(UUID, by.pk)
        )
        if made.action != Action.DISMISS:
            _tell_author(author_id, made)
    return made


def _open_case(clip_id: UUID) -> Case:
    """Return the clip's open case with its row locked, so that no decision passes a new report."""
    while True:
        # Of reporters who come at once the index lets one open the case; the others wait here.
        Case.objects.bulk_create([Case(clip_id=clip_id)], ignore_conflicts=True)
        case = (
            Case.objects.select_for_update(of=("self",))
            .filter(clip_id=clip_id, state=CaseState.OPEN)
            .first()
        )
        if case is not None:  # None: decided between the two statements; the next one is ours
            return case


def _move(case: Case, action: str) -> None:
    """Move the locked case and its clip.

    Raises:
        DecisionNotPossible: The action leads nowhere from here.
    """
    to = MOVES[case.state].get(action)
    if to is None:
        raise DecisionNotPossible(field="action")
    case.state = to
    case.save(update_fields=["state"])
    if action == Action.HIDE:
        hide_clip(clip_id=case.clip_id)
    elif action == Action.RESTORE:
        others = Case.objects.filter(clip_id=case.clip_id, state=CaseState.HIDDEN)
        if not others.exists():  # another case's decision keeps it hidden
            restore_clip(clip_id=case.clip_id)


def _tell_author(author_id: UUID, decision: Decision) -> None:
    publish(
        author_id,
        "moderation.decision",
        {
            "decision": str(decision.pk),
            "clip": str(decision.case.clip_id),
            "action": decision.action,
            "reason": decision.reason,
        },
        durable=True,
    )
