"""What comes of a capture that was looked at: a cameo, a question to a moderator, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from django.db import transaction
from django.db.models import F

from cameos.custody import record
from cameos.errors import AgeUnknown, EnrolmentNotPossible, GuardianNeeded, UnderAge
from cameos.models import Cameo, CameoKind, ConsentEvent, Enrolment, Likeness, LikenessReview
from cameos.policy.reasons import FAILED, OTHER_PERSON, UNDER_REVIEW
from cameos.services import likeness
from cameos.services.enrolment.captures import delete_parts_on_commit, save_finding
from cameos.services.enrolment.enrolments import ensure_old_enough
from cameos.services.enrolment.locks import ENROLLING
from cameos.services.enrolment.moves import move
from cameos.services.faces.recognition import Match, known_faces, matches_in, thresholds
from cameos.services.likeness import PORTRAIT, TEMPLATE, open_templates, store_likeness
from cameos.states import EnrolmentState
from core.locks import hold

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Template = npt.NDArray[np.float32]


class Report(Protocol):
    """What the check of liveness says: `perception.liveness.CaptureReport`."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Codes of what speaks against the capture; empty: genuine."""

    @property
    def template(self) -> Template | None:
        """The face's template, float32 [D]."""

    @property
    def portrait_jpeg(self) -> bytes | None:
        """The face from the front, as JPEG."""

    @property
    def facts(self) -> dict[str, Any]:
        """What was measured, as JSON; no likeness data."""


def refuse(enrolment: Enrolment, *reasons: str, facts: dict[str, Any] | None = None) -> None:
    """End an enrolment without a cameo.

    Raises:
        EnrolmentNotPossible: it moved on meanwhile.
    """
    move(enrolment, EnrolmentState.REFUSED, reasons=list(reasons), facts=facts or {})


def settle(enrolment: Enrolment, report: Report) -> None:
    """Bring a verified capture to its outcome, in one transaction.

    Its face is compared with all that are enrolled at that moment: whoever enrols next waits, and
    is compared with this one.

    Raises:
        EnrolmentNotPossible: the enrolment moved on meanwhile.
        PackError: the pack in use cannot be read, or nobody has measured it.
        KekMissing: a key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: what is kept of a face was altered.
    """
    reasons = tuple(report.reasons)
    if not reasons and report.template is None:
        reasons = (FAILED,)
    with transaction.atomic():
        hold(ENROLLING)
        _hold_row(enrolment)
        reasons = reasons or age_reasons(enrolment)
        if reasons or report.template is None:
            refuse(enrolment, *reasons, facts=report.facts)
            return
        own = own_face(enrolment)
        if own is not None and _is_other(own, report.template):
            refuse(enrolment, OTHER_PERSON, facts=report.facts)
            return
        doubt = _doubt(enrolment, own, report.template)
        if doubt is not None:
            _ask_moderator(enrolment, report, doubt)
            return
        enrol(enrolment, report.template, report.portrait_jpeg, facts=report.facts)


def enrol(
    enrolment: Enrolment,
    template: Template,
    portrait: bytes | None,
    *,
    facts: dict[str, Any],
    pack_sha256: str = "",
) -> Cameo:
    """Make the cameo, or put the new likeness in place of the old one, and end the enrolment.

    The caller's transaction holds ENROLLING and the enrolment's row.

    Args:
        enrolment: in a state from which it can be verified.
        template: float32 [D].
        portrait: as JPEG; not kept of a protected face.
        facts: what was measured.
        pack_sha256: which pack made the template; empty: the one in use.

    Raises:
        EnrolmentNotPossible: it moved on meanwhile.
        KeyShredded: the cameo is being ended at this moment.
        PackError: the pack in use cannot be read.
        KekMissing: a key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: the key of the old likeness was altered.
    """
    is_person = enrolment.kind == CameoKind.PERSON
    cameo = own_face(enrolment)
    if cameo is None:
        cameo = Cameo.objects.create(
            owner=enrolment.user,
            kind=enrolment.kind,
            handle=enrolment.user.username if is_person else None,
            voice_allowed="voice" in enrolment.purposes,
        )
    elif is_person and cameo.voice_allowed != ("voice" in enrolment.purposes):
        # A new consent takes the place of the old one, in both directions.
        changes = {
            "voice_allowed": not cameo.voice_allowed,
            "terms_version": F("terms_version") + 1,
        }
        Cameo.objects.filter(pk=cameo.pk).update(**changes)
    pack = pack_sha256 or likeness.current_pack()
    store_likeness(
        cameo_id=cameo.pk,
        template=template,
        portrait=portrait if is_person else None,
        pack_sha256=pack,
    )
    record(
        ConsentEvent.ENROLLED,
        subject_id=cameo.pk,
        enrolment=enrolment.pk,
        kind=enrolment.kind,
        purposes=enrolment.purposes,
        consent_sha256=enrolment.consent_sha256,
        pack=pack,
    )
    move(enrolment, EnrolmentState.VERIFIED, cameo=cameo, reasons=[], facts=facts)
    return cameo


def own_face(enrolment: Enrolment) -> Cameo | None:
    """Return the living likeness of this kind that the account has, with its row locked."""
    mine = Cameo.objects.select_for_update(of=("self",))
    return mine.filter(
        owner_id=enrolment.user_id, kind=enrolment.kind, revoked_at__isnull=True
    ).first()


def age_reasons(enrolment: Enrolment) -> tuple[str, ...]:
    """Return why the person may not enrol today; a grant may have ended since they began."""
    try:
        ensure_old_enough(enrolment.user_id)
    except (UnderAge, GuardianNeeded, AgeUnknown) as error:
        return (error.code,)
    return ()


def _hold_row(enrolment: Enrolment) -> None:
    """Lock the enrolment before the consent log is written to, as whoever cancels it does.

    Raises:
        EnrolmentNotPossible: it moved on meanwhile.
    """
    rows = Enrolment.objects.select_for_update().filter(pk=enrolment.pk)
    if rows.filter(state=enrolment.state, fence=enrolment.fence).first() is None:
        raise EnrolmentNotPossible


def _is_other(own: Cameo, template: Template) -> bool:
    """Tell whether the account's face is somebody else's; False where it cannot be compared."""
    kept = [found[3] for found in open_templates(cameo_ids=[own.pk])]
    return any(float(each @ template) < thresholds().same_person for each in kept)


def _doubt(enrolment: Enrolment, own: Cameo | None, template: Template) -> Match | None:
    """Return whose face a moderator has to compare this one with; None: nobody's."""
    for match in matches_in(known_faces(), template, at_least=thresholds().maybe):
        if match.owner_id != enrolment.user_id:
            return match
    if own is None:
        return None
    # Made by another pack, the account's template cannot be compared: a person has to look.
    pack = Likeness.objects.filter(cameo=own).values_list("pack_sha256", flat=True).first()
    if pack is None or pack == likeness.current_pack():
        return None
    return Match(own.pk, own.owner_id, own.kind, 0.0)


def _ask_moderator(enrolment: Enrolment, report: Report, doubt: Match) -> None:
    """Keep what was found for as long as a moderator is asked; the video itself goes at once."""
    if report.template is not None:
        save_finding(enrolment.pk, TEMPLATE, report.template.astype("<f4").tobytes())
    if report.portrait_jpeg is not None:
        save_finding(enrolment.pk, PORTRAIT, report.portrait_jpeg)
    LikenessReview.objects.create(
        enrolment=enrolment, cameo_id=doubt.cameo_id, similarity=doubt.similarity
    )
    facts = {**report.facts, "pack": likeness.current_pack()}
    move(enrolment, EnrolmentState.REVIEW, reasons=[UNDER_REVIEW], facts=facts)
    delete_parts_on_commit(enrolment.pk)
