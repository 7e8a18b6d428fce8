"""Characters: pets, objects, drawings. No human face, so nobody's consent but their owner's."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from cameos.custody import record, shred_key
from cameos.errors import CharacterNameTaken, CharacterNameTooLong, TooManyCharacters
from cameos.models import (
    HANDLE_CHARACTERS_MAX,
    Cameo,
    CameoKind,
    CameoState,
    ConsentEvent,
    Likeness,
)
from cameos.services.faces.pictures import shows_human_face
from cameos.services.likeness import open_portrait, store_likeness
from core.errors import InvalidField
from core.locks import hold
from core.wake import WAKE_SECONDS, call_on_commit
from notifications.services import publish

if TYPE_CHECKING:
    from accounts.models import User

CHARACTERS_MAX: Final = 20
CHECK_CHARACTER: Final = "cameos.check_character"
CHECKED_EVENT: Final = "character.checked"
HUMAN_FACE: Final = "human_face"
_BATCH: Final = 50
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_]*[a-z0-9])?")
_log = logging.getLogger(__name__)


def make_character(*, by: User, name: str, picture: bytes, shown_name: str = "") -> Cameo:
    """Make a character of a picture; a worker looks at it before anybody can use it.

    Args:
        by: whose it will be, on the terms that every cameo begins with: for its owner alone.
        name: the part of its handle after "<username>-": a-z, 0-9 and underscore.
        picture: a JPEG of `transcode.pictures`; kept sealed under the character's own key.
        shown_name: as people read it, at most 60 characters.

    Raises:
        InvalidField: the name has other characters.
        CharacterNameTooLong: with the username it is longer than 30 characters.
        CharacterNameTaken: `by` has a character of this name.
        TooManyCharacters: `by` has as many as an account may.
        KekMissing: no key-encryption key is there.
    """
    if not _NAME.fullmatch(name):
        raise InvalidField("Use a-z, 0-9 and underscore.", field="name")
    handle = f"{by.username}-{name}"
    if len(handle) > HANDLE_CHARACTERS_MAX:
        most = HANDLE_CHARACTERS_MAX - len(by.username) - 1
        raise CharacterNameTooLong(f"At most {max(0, most)} characters.", field="name")
    try:
        with transaction.atomic():
            hold(f"cameos.characters:{by.pk}")
            if _characters_of(by.pk).count() >= CHARACTERS_MAX:
                raise TooManyCharacters(limit=CHARACTERS_MAX)
            # A refused one is a note to its owner; its name is free for another try.
            refused = Cameo.objects.filter(owner_id=by.pk, handle=handle, state=CameoState.REFUSED)
            refused.update(state=CameoState.REVOKED, revoked_at=timezone.now())
            cameo = Cameo.objects.create(
                owner_id=by.pk,
                kind=CameoKind.CHARACTER,
                state=CameoState.CHECKING,
                handle=handle,
                name=shown_name,
            )
            store_likeness(cameo_id=cameo.pk, template=None, portrait=picture, pack_sha256="")
            call_on_commit(CHECK_CHARACTER, cameo.pk)
    except IntegrityError as error:
        raise CharacterNameTaken(field="name") from error
    return cameo


def check_character(*, cameo_id: UUID) -> None:
    """Look at a character's picture: with a human face in it, it is refused and its picture gone.

    Called twice or at once, the first answer stays. What cannot be looked at now waits for the
    sweep.

    Raises:
        PackError: the pack in use cannot be read.
        KekMissing, SealBroken: the picture cannot be opened.
    """
    waiting = Cameo.objects.filter(pk=cameo_id, kind=CameoKind.CHARACTER, state=CameoState.CHECKING)
    if not waiting.exists():
        return
    picture = open_portrait(cameo_id)
    if picture is None:  # ended in this moment
        return
    reason = HUMAN_FACE if shows_human_face(jpeg=picture) else ""
    with transaction.atomic():
        state = CameoState.REFUSED if reason else CameoState.ACTIVE
        if not waiting.update(state=state, refused_reason=reason):
            return  # another worker was first, or it was ended
        if reason:
            Likeness.objects.filter(cameo_id=cameo_id).delete()
            record(ConsentEvent.REFUSED, subject_id=cameo_id, reason=reason)
            shred_key(cameo_id)
        else:
            record(ConsentEvent.ENROLLED, subject_id=cameo_id, kind=CameoKind.CHARACTER)
        _tell_owner(cameo_id, state, reason)


def check_waiting_characters() -> None:
    """Look at characters whose wake-up call was lost; for a sweep. One that fails waits on."""
    waiting = Cameo.objects.filter(kind=CameoKind.CHARACTER, state=CameoState.CHECKING)
    old = waiting.filter(created_at__lt=timezone.now() - timedelta(seconds=WAKE_SECONDS))
    # In any order, so that pictures which can never be looked at do not keep the rest from it.
    for cameo_id in old.order_by("?").values_list("pk", flat=True)[:_BATCH]:
        try:
            check_character(cameo_id=cameo_id)
        except Exception:  # noqa: BLE001 - one picture must not keep the others waiting
            _log.exception("character %s cannot be looked at now", cameo_id)


def _tell_owner(cameo_id: UUID, state: str, reason: str) -> None:
    cameo = Cameo.objects.get(pk=cameo_id)
    if cameo.owner_id is not None:
        data = {"handle": cameo.handle, "state": state, "reason": reason or None}
        publish(cameo.owner_id, CHECKED_EVENT, data, durable=True)


def _characters_of(user_id: UUID) -> QuerySet[Cameo]:
    mine = Cameo.objects.filter(owner_id=user_id, kind=CameoKind.CHARACTER)
    return mine.exclude(state__in=(CameoState.REVOKED, CameoState.REFUSED))
