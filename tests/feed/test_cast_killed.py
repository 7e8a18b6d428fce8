"""Killed while it ends a likeness: what a process committed holds, the sweep does the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from cameos.models import Likeness, Revocation
from cameos.services import store_likeness
from cameos.services.sweep import sweep
from core.storage import signed_url
from feed.selectors import visible_clips
from feed.services import publish_clip
from remix.services import add_edge
from tests.cameos.terms import make_cameo
from tests.clips import make_draft

FILES = ("clip.mp4", "poster.jpg", "hls/master.m3u8")


def remixed(author, *parents):
    """Publish a clip that was made from these."""
    clip = make_draft(author)
    for parent in parents:
        add_edge(child_id=clip.pk, parent_id=parent.pk, kind="remix")
    publish_clip(clip_id=clip.pk, by=author)
    return clip


@pytest.mark.django_db(transaction=True)
def test_killed_right_after_the_commit_nothing_is_served_and_the_sweep_finishes(make_user):
    ada, bob = make_user("ada"), make_user("bob")
    face = make_cameo(ada)
    store_likeness(cameo_id=face.pk, template=None, portrait=b"face", pack_sha256="")
    first = make_draft(bob, cast=[face.pk])
    publish_clip(clip_id=first.pk, by=bob)
    plain = remixed(bob)
    second = remixed(ada, first)
    third = remixed(bob, second)
    stitched = remixed(bob, plain, third)
    ended = [first, second, third, stitched]
    urls = [signed_url(f"{clip.media_prefix}{name}") for clip in ended for name in FILES]
    assert {Client().head(url).status_code for url in urls} == {200}

    database = urlsplit(os.environ["DATABASE_URL"])
    test_database = database._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("dying_owner.py")), str(face.pk)],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": test_database, "PYTHONPATH": str(settings.BASE_DIR)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr

    for viewer in (ada, bob):
        assert {clip.pk for clip in visible_clips(viewer)} == {plain.pk}
    assert {Client().head(url).status_code for url in urls} == {404}
    assert Revocation.objects.get().finished_at is None
    assert Likeness.objects.exists()  # noise: its key is gone
    sweep()
    assert Revocation.objects.get().finished_at is not None
    assert not Likeness.objects.exists()
