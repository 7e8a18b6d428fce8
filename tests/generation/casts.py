"""Likenesses that a quick engine draws, and a quick end of the flow."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from accounts.models import User
from cameos.models import Cameo
from cameos.services import revoke, store_likeness
from credits.models import Hold
from generation.models import Job
from generation.services.request import GenerationRequest
from generation.services.submit import submit
from generation.services.work import work_dir
from moderation.services import FramesVerdict
from provenance.pipeline import MarkedClip
from tests.cameos.terms import make_cameo
from tests.clips import write_media

URL = "/api/v1/generations"
committed = pytest.mark.django_db(transaction=True)


def make_face(owner: User, **terms: Any) -> Cameo:
    """A cameo of this person with a portrait, for everybody unless the terms say otherwise."""
    cameo = make_cameo(owner, **terms)
    store_likeness(
        cameo_id=cameo.pk, template=None, portrait=portrait_of(owner.username), pack_sha256=""
    )
    return cameo


def portrait_of(username: str) -> bytes:
    """A picture that is this person's alone, as JPEG."""
    shade = zlib.crc32(username.encode()) % 200
    picture = BytesIO()
    Image.new("RGB", (64, 64), (shade, 90, 90)).save(picture, "JPEG")
    return picture.getvalue()


def allow_frames(path: Path) -> FramesVerdict:
    """In place of `check_frames`: nothing is nude."""
    return FramesVerdict(allowed=True, score=0.0, at_seconds=0.0, rule=None)


def mark_quickly(raw: Path, *, job: Job, lease: object) -> MarkedClip:
    """In place of `ensure_marked`: the files of a finished clip, which say nothing."""
    folder = work_dir(job.pk) / "marked"
    folder.mkdir(exist_ok=True)
    write_media(folder)
    mp4 = folder / "clip.mp4"
    return MarkedClip(mp4, mp4, mp4, (), None, 360, 640, 1.0, ("clip.mp4",), {})


def body(**change: Any) -> dict[str, Any]:
    """A request with Cleo in it, as it is sent."""
    return {"prompt": "A red ball rolls.", "seconds": 1, "cameos": ["@cleo"]} | change


def ask(by: User, **change: Any) -> Job:
    """Submit a request with Cleo in it."""
    fields = body(**change)
    return submit(by=by, request=GenerationRequest(**fields | {"cameos": tuple(fields["cameos"])}))


def ended(job: Job) -> tuple[str, str]:
    """Read a job again and return where it is, and why it ended."""
    job.refresh_from_db()
    return job.state, job.error_code


def is_released(job: Job) -> bool:
    """Say whether a job's credits are its author's again."""
    return not Hold.objects.filter(reference=job.reference, state="held").exists()


def end(cameo: Cameo) -> None:
    """Revoke through the service, as its owner."""
    revoke(handle=cameo.handle, by=cameo.owner)
