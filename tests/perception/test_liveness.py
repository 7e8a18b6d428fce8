from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from perception.faces import default_pack, load_faces
from perception.liveness import Challenge, new_challenge, verify_capture, verify_sandboxed
from perception.liveness.turns import head_of, nose_offset, verdict
from perception.speech import DIGITS
from tests import captures

CHALLENGE = captures.CHALLENGE
SPACING = 1 / 8


# --- challenges
def test_challenges_are_drawn_from_all_there_are():
    drawn = {new_challenge() for _ in range(600)}
    assert len(drawn) > 400  # of 1,568
    assert {digit for each in drawn for digit in each.digits} == set(DIGITS)
    assert {each.turns for each in drawn} == {
        ("left", "right"),
        ("right", "left"),
        ("left", "right", "left"),
        ("right", "left", "right"),
    }
    assert all(Challenge.of_json(each.as_json()) == each for each in drawn)


@pytest.mark.parametrize(
    ("digits", "turns"),
    [
        ((3, 3, 5), ("left", "right")),
        ((3, 8, 5), ("left", "right")),
        ((3, 9), ("left", "right")),
        ((True, 9, 5), ("left", "right")),
        ((3, 9, 5), ("left",)),
        ((3, 9, 5), ("left", "left")),
        ((3, 9, 5), ("up", "left")),
    ],
)
def test_no_other_challenge_can_be_made(digits, turns):
    with pytest.raises(ValueError, match="not"):
        Challenge(digits, turns)
    with pytest.raises(ValueError, match="not"):
        Challenge.of_json({"digits": list(digits), "turns": list(turns)})


@pytest.mark.parametrize("value", [{}, {"digits": 5, "turns": []}, []])
def test_what_is_no_challenge_is_named(value):
    with pytest.raises(ValueError, match="No challenge"):
        Challenge.of_json(value)


# --- turns, from recorded offsets of the nose
def track(*offsets, roll=0.0, noise=0.0):
    """Keypoints of a face whose nose is so far off the middle, in half eye distances."""
    rng = np.random.default_rng(0)
    spin = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    frames = []
    for i, offset in enumerate(offsets):
        width = 1 - 0.3 * min(1.0, abs(offset))
        points = [(-width, 0), (width, 0), (offset * width, 1), (-0.7 * width, 2), (0.7 * width, 2)]
        points = np.array(points) * 30 + rng.standard_normal((5, 2)) * noise
        frames.append((i * SPACING, (points @ spin + 200).astype(np.float32)))
    return frames


AHEAD = [0.0] * 6
LEFT, RIGHT = [0.2, 0.4, 0.5, 0.5, 0.4, 0.1, 0, 0], [-0.2, -0.4, -0.5, -0.5, -0.4, -0.1, 0, 0]
ASKED = ("left", "right")


@pytest.mark.parametrize("roll", [0.0, 0.4, -0.4])
def test_the_nose_is_measured_along_the_eyes_however_the_head_is_tilted(roll):
    offsets = [nose_offset(points) for _, points in track(0.0, 0.4, -0.4, roll=roll)]
    assert offsets == pytest.approx([0.0, 0.4, -0.4], abs=1e-4)


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [
        ([*AHEAD, *LEFT, *RIGHT], None),
        ([*AHEAD, *RIGHT, *LEFT], "wrong_turns"),
        ([*AHEAD, *LEFT, *RIGHT, *LEFT], "wrong_turns"),
        ([*AHEAD, *LEFT, *LEFT], "wrong_turns"),
        ([*AHEAD, *RIGHT], "wrong_turns"),
        ([*AHEAD, *LEFT], "turns_missing"),
        ([*AHEAD, *(0.45 * np.array([*LEFT, *RIGHT]))], "flat_face"),
        (AHEAD * 4, "still_face"),
    ],
)
def test_turns_count_in_the_order_that_was_asked(offsets, expected):
    for noise in (0.0, 0.8):
        assert verdict(head_of(track(*offsets, noise=noise)), ASKED) == expected


def test_turns_are_measured_against_the_persons_own_straight_look():
    crooked = [0.3 + offset for offset in [*AHEAD, *LEFT, *RIGHT]]
    assert verdict(head_of(track(*crooked)), ASKED) is None
    assert verdict(head_of(track(*[0.3] * 20)), ASKED) == "still_face"


def test_a_head_that_wavers_on_its_way_turns_once():
    wavering = [0.2, 0.4, 0.4, 0.25, 0.25, 0.4, 0.4, 0.1, 0, 0]
    assert head_of(track(*AHEAD, *wavering, *RIGHT)).turns == ASKED


def test_one_frame_makes_no_turn():
    assert head_of(track(*AHEAD, 0.0, 0.9, 0.0, 0.0, *RIGHT)).turns == ("right",)


def test_a_picture_that_is_turned_beforehand_reaches_one_side_only():
    # A flat print reaches 0.23 to either side: begun at one end, it goes far to the other.
    begun = [-0.23] * 6
    turned = head_of(track(*begun, *[0.0, 0.23, 0.23, 0.23, 0.0], *[-0.23] * 6))
    assert turned.turns == ("left",)


# --- captures, each verified once
REFUSED = {
    captures.still: "still_face",
    captures.flat: "flat_face",
    captures.swapped: "face_changed",
    captures.lent_head: "face_changed",
    captures.two_faces: "two_faces",
    captures.wrong_digits: "wrong_digits",
    captures.wrong_order: "wrong_turns",
    captures.silent: "silent",
    captures.mute: "no_sound",
    captures.nobody: "no_face",
    captures.far_away: "face_too_small",
}


@pytest.mark.parametrize(("make", "code"), REFUSED.items(), ids=[f.__name__ for f in REFUSED])
def test_a_capture_that_does_not_count_has_its_own_code(make, code):
    report = verify_capture(make(), CHALLENGE, pack=default_pack())
    assert report.reasons == (code,), report.facts
    assert report.template is None
    assert report.portrait_jpeg is None
    assert report.samples.size == 0


@pytest.fixture(scope="module")
def genuine():
    return verify_sandboxed(captures.genuine(), CHALLENGE, pack=default_pack())


def test_the_genuine_capture_passes(genuine):
    assert genuine.reasons == (), genuine.facts
    assert genuine.is_genuine
    assert genuine.facts["turns"] == ["left", "right"]
    assert [3, 9, 5] in genuine.facts["heard"]


def test_its_template_and_samples_are_of_the_person(genuine):
    model = load_faces(default_pack())
    same = model.pack.thresholds.same_person
    portraits = [captures.astronaut().picture, captures.hopper().picture]
    person, stranger = (model.embed(each, model.find(each)[0]) for each in portraits)
    assert genuine.template @ person >= same > genuine.template @ stranger
    assert len(genuine.samples) == 2 + len(CHALLENGE.turns)
    assert float(np.min(genuine.samples @ genuine.template)) >= same
    assert np.linalg.norm(genuine.samples, axis=1) == pytest.approx(1.0, abs=1e-3)


def test_its_portrait_is_one_face_without_metadata(genuine):
    picture = Image.open(io.BytesIO(genuine.portrait_jpeg))
    assert picture.format == "JPEG"
    assert max(picture.size) <= 512
    assert len(picture.getexif()) == 0
    assert not {"icc_profile", "comment", "exif", "xmp"} & set(picture.info)
    faces = load_faces(default_pack()).find(np.asarray(picture))
    assert len(faces) == 1


def test_another_person_is_as_genuine_and_somebody_else(genuine):
    other = verify_capture(captures.other_person(), CHALLENGE, pack=default_pack())
    assert other.reasons == (), other.facts
    same = load_faces(default_pack()).pack.thresholds.same_person
    assert float(other.template @ genuine.template) < same


# --- files that are no captures: refused before a face is looked for
UNREADABLE = {
    captures.truncated: "capture_unreadable",
    captures.declares_4_gb: "capture_unreadable",
    captures.polyglot: "capture_unreadable",
    captures.web_page: "capture_unreadable",
    captures.picture: "capture_unreadable",
    captures.zip_bomb: "capture_unreadable",
    captures.hundred_megapixels: "capture_too_large",
    captures.too_long: "capture_too_long",
    captures.too_short: "capture_too_short",
    captures.old_codec: "codec_not_allowed",
    captures.audio_only: "no_picture",
}


@pytest.mark.parametrize(("make", "code"), UNREADABLE.items(), ids=[f.__name__ for f in UNREADABLE])
def test_a_file_that_is_no_capture_is_refused_before_any_model_is_loaded(make, code, tmp_path):
    report = verify_capture(make(), CHALLENGE, pack=tmp_path)  # where no pack lies
    assert report.reasons == (code,), report.facts


def test_a_file_of_too_many_bytes_is_not_opened(tmp_path):
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.truncate(26 * 1024**2)  # sparse
    report = verify_capture(path, CHALLENGE, pack=tmp_path)
    assert report.reasons == ("capture_too_large",)


def test_no_file_and_no_pack_are_reported(tmp_path):
    gone = verify_capture(tmp_path / "gone.mp4", CHALLENGE, pack=default_pack())
    assert gone.reasons == ("capture_unreadable",)
    packless = verify_capture(captures.silent(), CHALLENGE, pack=tmp_path)
    assert packless.reasons == ("verification_failed",)
