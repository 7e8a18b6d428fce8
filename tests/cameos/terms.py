"""Cameos, uses and co-signs for the tests of the terms."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

from django.utils import timezone

from accounts.services import follow
from cameos.models import Cameo, CameoAccess, CameoUse, Cosign


def make_cameo(owner, **fields):
    """A cameo of this person, for everybody unless the terms say otherwise."""
    return Cameo.objects.create(
        owner=owner,
        **{
            "kind": "person",
            "handle": owner.username,
            "name": owner.username.title(),
            "audience": "everyone",
            **fields,
        },
    )


def make_mutuals(one, other):
    """Let the two follow each other."""
    follow(follower=one, username=other.username)
    follow(follower=other, username=one.username)


def put_on_list(cameo, user, *, is_allowed):
    """Put a person on the allow list or the deny list, past the service."""
    CameoAccess.objects.create(cameo=cameo, user=user, is_allowed=is_allowed)


def make_cosign(cameo, user, *, clip_id, state="asked", lasts=timedelta(hours=1)):
    """A co-sign of the cameo's owner for this clip."""
    return Cosign.objects.create(
        cameo=cameo,
        user=user,
        clip_id=clip_id,
        preview={"prompt": "A walk."},
        state=state,
        expires_at=timezone.now() + lasts,
    )


def uses(**fields):
    """What the rows of the gates say, oldest first."""
    rows = CameoUse.objects.filter(**fields).order_by("id")
    return [(row.gate, row.outcome, row.reason) for row in rows]


def birthday(*, years):
    """A date of birth of somebody who is this old, and was so for half a year."""
    return timezone.now().date() - timedelta(days=round(365.25 * (years + 0.5)))


def use(cameo, user, *, clip_id, gate="submit", outcome="allowed", **fields):
    """A row of a gate, past the gate."""
    return CameoUse.objects.create(
        cameo=cameo,
        user=user,
        clip_id=clip_id,
        gate=gate,
        outcome=outcome,
        terms_version=cameo.terms_version,
        **fields,
    )


@contextmanager
def heard(signal):
    """Collect what a signal tells while the block runs, as dicts."""
    told = []

    def listen(**data):
        told.append({key: data[key] for key in data if key not in {"signal", "sender"}})

    signal.connect(listen)
    try:
        yield told
    finally:
        signal.disconnect(listen)
