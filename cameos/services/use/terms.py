"""The owner changes the terms; each change raises their version and is in the consent log."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from accounts.errors import NotToYourself, UserNotFound
from accounts.selectors import likeness_standing, visible_users
from cameos.custody import record
from cameos.errors import (
    AccessListFull,
    CameoNotFound,
    LikenessNotGranted,
    RestrictionUnknown,
    VoiceNotConsented,
)
from cameos.models import Cameo, CameoAccess, CameoKind, ConsentEvent, Enrolment
from cameos.policy.mentions import plain_handle
from cameos.policy.own_words import read_own_words
from cameos.policy.restrictions import rules
from cameos.selectors import cameos_of

if TYPE_CHECKING:
    from accounts.models import User

ACCESS_MAX = 1_000
VOICE = "voice"  # the purpose of the consent
# What binds others, as opposed to how the cameo is called.
TERMS = (
    "audience",
    "ask_me",
    "is_paused",
    "voice_allowed",
    "restriction_tags",
    "restriction_text",
)


def change_terms(*, handle: str, by: User, **changes: Any) -> Cameo:
    """Change a cameo's name or terms; what is left out stays, and the same again changes nothing.

    A clip that is finishing at this moment is either finished under the old terms before this
    returns, or asks the new ones.

    Args:
        handle: the cameo's.
        by: its owner.
        changes: any of `TERMS`, and `name`.

    Raises:
        CameoNotFound: `by` has no such cameo.
        RestrictionUnknown: a tag is unknown, or a clause forbids nothing.
        VoiceNotConsented: the voice would be allowed without a consent to it.
        LikenessNotGranted: a minor would go on without a guardian's grant.
    """
    _check_restrictions(changes.get("restriction_tags", ()), changes.get("restriction_text", ""))
    with transaction.atomic():
        cameo = held_cameo(handle, owner_id=by.pk)
        changed = {key: value for key, value in changes.items() if getattr(cameo, key) != value}
        if changed.get("voice_allowed") is True:
            _ensure_voice(cameo)
        if changed.get("is_paused") is False:
            _ensure_granted(cameo)
        for key, value in changed.items():
            setattr(cameo, key, value)
        cameo.save(update_fields=list(changed))
        terms = {key: value for key, value in changed.items() if key in TERMS}
        if terms:
            raise_version(cameo, **_for_log(terms))
    return cameo


def set_access(*, handle: str, by: User, username: str, is_allowed: bool) -> None:
    """Put a person on the cameo's allow list or deny list; they leave the other one.

    Args:
        handle: the cameo's.
        by: its owner.
        username: of whom.
        is_allowed: True: may use it, where the audience is not "only me"; False: may not.

    Raises:
        CameoNotFound: `by` has no such cameo.
        UserNotFound: no such user, or one of the two blocks the other.
        NotToYourself: it is the owner.
        AccessListFull: the lists hold `ACCESS_MAX` people.
    """
    with transaction.atomic():
        cameo = held_cameo(handle, owner_id=by.pk)
        user = visible_users(by).filter(username=username.lower()).first()
        if user is None:
            raise UserNotFound
        if user.pk == by.pk:
            raise NotToYourself("Your own cameos are yours to use.")
        entry = CameoAccess.objects.filter(cameo=cameo, user=user).first()
        if entry is not None and entry.is_allowed == is_allowed:
            return
        if entry is None and CameoAccess.objects.filter(cameo=cameo).count() >= ACCESS_MAX:
            raise AccessListFull(limit=ACCESS_MAX)
        CameoAccess.objects.update_or_create(
            cameo=cameo, user=user, defaults={"is_allowed": is_allowed}
        )
        raise_version(cameo, access="allowed" if is_allowed else "denied")


def remove_access(*, handle: str, by: User, username: str) -> None:
    """Take a person off the cameo's lists; who is on none stays so.

    Raises:
        CameoNotFound: `by` has no such cameo.
    """
    with transaction.atomic():
        cameo = held_cameo(handle, owner_id=by.pk)
        gone, _ = CameoAccess.objects.filter(cameo=cameo, user__username=username.lower()).delete()
        if gone:
            raise_version(cameo, access="removed")


def pause_ward(*, ward_id: UUID) -> None:
    """Pause the face of a minor whom no guardian allows it any more; twice is harmless."""
    with transaction.atomic():
        faces = Cameo.objects.select_for_update(no_key=True).filter(
            owner_id=ward_id, kind=CameoKind.PERSON, revoked_at__isnull=True, is_paused=False
        )
        for cameo in faces:
            cameo.is_paused = True
            cameo.save(update_fields=["is_paused"])
            raise_version(cameo, is_paused=True, because="guardian")


def held_cameo(handle: str, *, owner_id: UUID) -> Cameo:
    """Return a person's own cameo, its row locked against other changes and finishing clips.

    Raises:
        CameoNotFound: they have none with this handle.
    """
    rows = cameos_of(owner_id).select_for_update(no_key=True)
    cameo = rows.filter(handle=plain_handle(handle)).first()
    if cameo is None:
        raise CameoNotFound
    return cameo


def raise_version(cameo: Cameo, **told: Any) -> None:
    """Number a change of the locked cameo's terms, and log it; the last step but telling people.

    Args:
        cameo: its row is locked.
        told: JSON members for the log: no names and no words of people.
    """
    cameo.terms_version += 1
    cameo.save(update_fields=["terms_version"])
    record(
        ConsentEvent.TERMS_CHANGED,
        subject_id=cameo.pk,
        terms_version=cameo.terms_version,
        **told,
    )


def _check_restrictions(tags: Sequence[str], text: str) -> None:
    unknown = sorted(set(tags) - set(rules().tags))
    if unknown:
        raise RestrictionUnknown(
            f"There is no restriction {unknown[0]!r}.", field="restriction_tags", unclear=unknown
        )
    unclear = read_own_words(text).unclear
    if unclear:
        raise RestrictionUnknown(
            f"“{unclear[0]}” cannot be checked: say what you do not want to be shown with, in a "
            "few words each, such as “no clowns; never with snakes”.",
            field="restriction_text",
            unclear=list(unclear),
        )


def _ensure_voice(cameo: Cameo) -> None:
    consents = Enrolment.objects.filter(cameo=cameo).values_list("purposes", flat=True)
    if cameo.kind == CameoKind.PERSON and not any(VOICE in purposes for purposes in consents):
        raise VoiceNotConsented(field="voice_allowed")


def _ensure_granted(cameo: Cameo) -> None:
    if cameo.kind != CameoKind.PERSON or cameo.owner_id is None:
        return
    standing = likeness_standing(cameo.owner_id)
    if not standing.may_enrol:
        raise LikenessNotGranted(field="is_paused", standing=standing.value)


def _for_log(terms: dict[str, Any]) -> dict[str, Any]:
    """Return changes as the log may keep them: an owner's own words only as their hash."""
    told = dict(terms)
    if "restriction_text" in told:
        text = told.pop("restriction_text")
        told["restriction_text_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return told
