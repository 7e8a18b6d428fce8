import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from engine.contracts import Shot, VideoRequest
from engine.engines.scene.camera.direction import direction_of
from engine.engines.scene.camera.film import film
from engine.engines.scene.camera.lens import half_height_of
from engine.engines.scene.frames.render import Take
from engine.engines.scene.light.lighting import light_scene
from engine.engines.scene.production import StagedShot, produce
from tests.engine.eyes import camera_move, colour_share

TALL, LYING = "180x320", "320x180"
# One kind of thing a prompt; what it says must be in the picture whatever the camera does.
PROMPTS = (
    "a red ball bounces on the beach",
    "a red ball rolls in a meadow, follow shot",
    "a blue cube tumbles on a stage, orbit",
    "a football thrown in a park, wide shot",
    "a dog in a meadow, close-up",
    "a person in a forest, medium shot",
    "a person on the street, close-up, 85mm",
    "a person on the street, low angle",
    "three dice fall on a table, high angle",
    "a red ball falls, static camera",
    "a red ball rolls in a room, pan right",
    "a red ball rolls in a room, pan left",
    "a wooden crate in the snow, truck left",
    "a wooden crate in the snow, dolly in",
    "a cat on the ice, dolly out",
    "a blue ball bounces on the moon, crane up",
    "a bowling ball rolls into ten pins, zoom in",
    "a red ball in the desert, dolly zoom",
    "a basketball bounces, handheld",
    "a green ball drops, overhead shot",
)


def never() -> bool:
    return False


def staged(prompt: str, *, size: str = TALL, seconds: int = 3, seed: int = 7) -> StagedShot:
    return produce(
        VideoRequest(prompt=prompt, seconds=seconds, size=size, seed=seed), seed, never
    ).shots[0]


def resting(camera: str, *, size: str = TALL) -> StagedShot:
    """A red crate on a street that has come to rest: all that moves is the camera."""
    prompt = f"a red crate on the street, {camera}"
    shot = staged(prompt, size=size)
    last = np.full(len(shot.cameras), len(shot.cameras) - 1)
    motion = replace(
        shot.motion,
        positions=shot.motion.positions[last],
        rotations=shot.motion.rotations[last],
    )
    width, height = (int(n) for n in size.split("x"))
    direction = direction_of(shot.script)
    cameras = film(shot.world, motion, direction, aspect=width / height, fps=24)
    return replace(shot, motion=motion, cameras=cameras)


def film_of(camera: str, *, size: str = TALL, every: int = 4) -> list[np.ndarray]:
    shot = resting(camera, size=size)
    width, height = (int(n) for n in size.split("x"))
    take = Take(shot.world, shot.motion, light_scene(shot.script, 7))
    frames = range(12, len(shot.cameras) - 12, every)
    return [take.picture(i, shot.cameras[i], i / 24, (width, height)) for i in frames]


def eyes(shot: StagedShot) -> np.ndarray:
    return np.array([camera.eye for camera in shot.cameras])


def ahead(shot: StagedShot) -> np.ndarray:
    return np.array([camera.forward for camera in shot.cameras])


def seen(shot: StagedShot, points: np.ndarray, aspect: float) -> np.ndarray:
    """(frames, 3): across and up in halves of the picture, metres along the view."""
    rows = []
    for camera, point in zip(shot.cameras, points, strict=True):
        offset = point - np.array(camera.eye)
        depth = offset @ np.array(camera.forward)
        scale = depth * camera.half_height
        across, up = offset @ np.array(camera.right), offset @ np.array(camera.up)
        rows.append((across / (scale * aspect), up / scale, depth))
    return np.array(rows)


def moving(shot: StagedShot) -> list[int]:
    return [i for i, body in enumerate(shot.world.bodies) if not body.is_fixed]


def middle(shot: StagedShot) -> np.ndarray:
    return shot.motion.positions[:, moving(shot)].mean(axis=1)


def angle_between(a: np.ndarray, b: np.ndarray) -> float:
    return math.degrees(math.acos(min(1.0, float(a @ b))))


@pytest.mark.parametrize("size", [TALL, LYING])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_subject_is_in_frame_in_95_percent_of_the_frames(prompt, size):
    shot = staged(prompt, size=size)
    width, height = (int(n) for n in size.split("x"))
    inside = np.zeros(len(shot.cameras), bool)
    for body in moving(shot):
        top = 0.8 * shot.world.bodies[body].reach(0.0, 0.0, 1.0)  # a face in a close-up
        points = shot.motion.positions[:, body] + np.array((0.0, 0.0, top))
        at = seen(shot, points, width / height)
        inside |= (np.abs(at[:, 0]) < 1.0) & (np.abs(at[:, 1]) < 1.0) & (at[:, 2] > 0.0)
    assert inside.mean() >= 0.95


@pytest.mark.parametrize("size", [TALL, LYING])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_camera_is_never_in_the_ground_or_in_a_body(prompt, size):
    shot = staged(prompt, size=size)
    at = eyes(shot)
    assert at[:, 2].min() > 0.05
    for i, body in enumerate(shot.world.bodies):
        thin = min(min(n for n in part.size if n > 0.0) for part in body.parts)
        gap = np.linalg.norm(at - shot.motion.positions[:, i], axis=1)
        assert gap.min() > min(thin, 0.3)


def test_a_pan_turns_an_eye_that_stands_still():
    right, left = staged("a red ball in a meadow, pan right"), staged("a red ball, pan left")
    for shot, sign in ((right, 1.0), (left, -1.0)):
        assert np.ptp(eyes(shot), axis=0).max() < 1e-9
        yaw = np.unwrap([math.atan2(x, y) for x, y, _ in ahead(shot)])
        assert sign * math.degrees(yaw[-1] - yaw[0]) > 4.0


def test_a_pan_to_the_right_lets_the_whole_picture_slide_to_the_left():
    move = camera_move(film_of("pan right", size=LYING))
    assert move.right < -0.008
    assert abs(move.down) < 0.4 * abs(move.right)
    assert abs(move.growth) < 0.01


def test_a_tilt_up_turns_an_eye_that_stands_still_and_lets_the_picture_sink():
    shot = resting("tilt up")
    assert np.ptp(eyes(shot), axis=0).max() < 1e-9
    assert ahead(shot)[-1, 2] - ahead(shot)[0, 2] > 0.05
    move = camera_move(film_of("tilt up"))
    assert move.down > 0.002
    assert abs(move.right) < 0.4 * move.down


def test_a_truck_shifts_an_eye_that_does_not_turn():
    shot = resting("truck right")
    first, last = shot.cameras[0], shot.cameras[-1]
    assert angle_between(ahead(shot)[0], ahead(shot)[-1]) < 0.01
    way = np.array(last.eye) - np.array(first.eye)
    assert way @ np.array(first.right) > 0.25
    assert abs(way @ np.array(first.forward)) < 0.1


def test_a_pedestal_rises_without_nodding():
    shot = resting("pedestal up")
    assert angle_between(ahead(shot)[0], ahead(shot)[-1]) < 0.01
    assert eyes(shot)[-1, 2] - eyes(shot)[0, 2] > 0.2


def test_dolly_in_and_zoom_in_both_enlarge_but_only_the_dolly_goes_there():
    dolly, zoom = (resting(f"{m}") for m in ("dolly in", "zoom in"))
    for shot in (dolly, zoom):
        depth = seen(shot, middle(shot), 9 / 16)[:, 2]
        size = 1.0 / (depth * [camera.half_height for camera in shot.cameras])
        assert size[-1] / size[0] > 1.5
        assert np.all(np.diff(size[8:-8]) > 0.0)
    assert np.ptp(eyes(zoom), axis=0).max() < 1e-9
    assert np.ptp([camera.half_height for camera in dolly.cameras]) < 1e-9
    assert np.linalg.norm(eyes(dolly)[-1] - eyes(dolly)[0]) > 1.0


def test_a_dolly_shows_parallax_that_a_zoom_does_not():
    # A point far behind the crate: its size beside the crate's changes only if the eye moves.
    def change(prompt: str) -> float:
        shot = resting(prompt)
        near = seen(shot, middle(shot), 9 / 16)[:, 2]
        far = seen(shot, middle(shot) + np.array((0.0, 30.0, 0.0)), 9 / 16)[:, 2]
        ratio = near / far
        return float(ratio[-1] / ratio[0])

    assert change("dolly in") < 0.8
    assert change("zoom in") == pytest.approx(1.0, abs=1e-6)


def test_a_dolly_enlarges_the_subject_and_not_the_horizon_and_a_zoom_enlarges_all():
    for move, sign in (("dolly in", 1.0), ("dolly out", -1.0)):
        film = film_of(move, size=LYING)
        grown = colour_share(film[-1], "red") / colour_share(film[0], "red")
        assert sign * math.log(grown) > 0.5
        assert abs(camera_move(film).growth) < 0.004  # most corners lie on the far skyline
    for move, sign in (("zoom in", 1.0), ("zoom out", -1.0)):
        film = film_of(move, size=LYING)
        grown = colour_share(film[-1], "red") / colour_share(film[0], "red")
        assert sign * math.log(grown) > 0.5
        assert sign * camera_move(film).growth > 0.01


def test_an_orbit_goes_around_at_one_distance():
    shot = resting("orbit right")
    target = middle(shot)
    away = eyes(shot) - target
    azimuth = np.unwrap(np.arctan2(away[:, 0], -away[:, 1]))
    assert math.degrees(azimuth[-1] - azimuth[0]) == pytest.approx(75.0, abs=8.0)
    radius = np.linalg.norm(away[:, :2], axis=1)
    assert np.ptp(radius) < 0.2 * radius.mean()


def test_moves_start_and_end_softly():
    speed = np.linalg.norm(np.diff(eyes(resting("dolly in")), axis=0), axis=1)
    assert speed[0] < 0.2 * speed.max()
    assert speed[-1] < 0.2 * speed.max()


def test_a_static_camera_never_moves():
    shot = staged("a red ball bounces in a meadow, static camera")
    assert np.ptp(eyes(shot), axis=0).max() == 0.0
    assert np.ptp(ahead(shot), axis=0).max() == 0.0


def test_a_hand_trembles_and_a_tripod_does_not():
    def unrest(prompt: str) -> float:
        return float(np.abs(np.diff(ahead(resting(prompt)), n=2, axis=0)).mean())

    assert unrest("handheld") > 1e-4
    assert unrest("static camera") == 0.0


def test_a_lens_changes_the_view_and_the_distance_but_not_the_size_of_the_subject():
    shots = {mm: resting(f"medium shot, {mm}mm lens, static camera") for mm in (35, 50, 85)}
    sizes, distances = [], []
    for mm, shot in shots.items():
        camera = shot.cameras[-1]
        assert camera.half_height == pytest.approx(half_height_of(mm, 9 / 16))
        depth = seen(shot, middle(shot), 9 / 16)[-1, 2]
        distances.append(depth)
        sizes.append(1.0 / (depth * camera.half_height))
    assert sizes == pytest.approx([sizes[0]] * 3, rel=0.03)
    assert distances[0] < 0.8 * distances[1] < 0.6 * distances[2]


def test_shot_sizes_come_nearer_in_their_order():
    order = ("extreme wide shot", "wide shot", "full shot", "medium shot", "close-up")
    heights = []
    for size in order:
        shot = staged(f"a person on the street, {size}, static camera", seconds=1)
        camera = shot.cameras[0]
        depth = seen(shot, middle(shot), 9 / 16)[0, 2]
        heights.append(2.0 * depth * camera.half_height)
    assert all(a > 1.2 * b for a, b in pairwise(heights))


def test_a_dolly_zoom_keeps_the_subject_and_changes_the_perspective():
    shot = resting("dolly zoom")
    depth = seen(shot, middle(shot), 9 / 16)[:, 2]
    half = np.array([camera.half_height for camera in shot.cameras])
    size = depth * half
    assert np.ptp(size) < 0.15 * size.mean()
    assert half[-1] > 1.8 * half[0]


def test_close_ups_blur_the_background_and_wide_shots_are_sharp():
    close, wide = staged("a dog in a park, close-up"), staged("a dog in a park, wide shot")
    assert min(camera.aperture for camera in close.cameras) > 0.003
    assert max(camera.aperture for camera in wide.cameras) == 0.0


def test_the_lens_is_focused_on_the_subject():
    shot = staged("a dog in a park, close-up")
    depth = seen(shot, middle(shot), 9 / 16)[:, 2]
    focus = np.array([camera.focus for camera in shot.cameras])
    assert np.abs(focus / depth - 1.0).max() < 0.3


def test_a_rack_focus_goes_from_one_depth_to_another_and_stays_there():
    shot = staged("a red ball and a dog in a park, rack focus")
    focus = np.array([camera.focus for camera in shot.cameras])
    quarter = len(focus) // 4
    assert np.ptp(focus[:quarter]) < 0.25 * abs(focus[-1] - focus[0]) + 0.3
    assert np.ptp(focus[-quarter:]) < 0.25 * abs(focus[-1] - focus[0]) + 0.3
    assert abs(focus[-1] - focus[0]) > 0.05
    assert min(camera.aperture for camera in shot.cameras) > 0.0


def test_angles_look_from_where_they_say():
    heights = {
        angle: eyes(resting(f"{angle}, static camera"))[0, 2]
        for angle in ("low angle", "eye level", "high angle", "overhead shot")
    }
    assert heights["low angle"] <= heights["eye level"] < heights["high angle"]
    assert ahead(resting("overhead shot"))[0, 2] < -0.98


def test_a_dutch_angle_leans():
    camera = resting("dutch angle").cameras[0]
    assert math.degrees(math.asin(abs(camera.right[2]))) == pytest.approx(14.0, abs=1.0)


def test_a_second_shot_stays_on_its_side_of_the_action():
    request = VideoRequest(
        prompt="",
        seconds=4,
        size=LYING,
        seed=7,
        shots=(
            Shot("a red ball rolls in a meadow", 2),
            Shot("close-up", 1),
            Shot("wide shot", 1),
        ),
    )
    shots = produce(request, 7, never).shots
    views = [shot.cameras[0].forward[:2] for shot in shots]
    assert all(float(np.dot(views[0], view)) > 0.0 for view in views[1:])


def test_the_same_request_films_the_same_way():
    prompt = "a person in a forest, handheld, close-up"
    assert staged(prompt).cameras == staged(prompt).cameras


@pytest.mark.parametrize("size", [TALL, LYING])
def test_what_a_ball_rebounds_from_stays_in_the_picture(size):
    shot = staged("a basketball is thrown at a backboard and rebounds", size=size)
    board = next(i for i, body in enumerate(shot.world.bodies) if body.subject == "backboard")
    width, height = (int(n) for n in size.split("x"))
    at = seen(shot, shot.motion.positions[:, board], width / height)
    inside = (np.abs(at[:, 0]) < 1.0) & (np.abs(at[:, 1]) < 1.0)
    assert inside.mean() >= 0.95


def test_two_who_stand_apart_are_not_small_in_an_upright_picture():
    shot = staged("a girl throws a red ball and a dog catches it")
    head = next(i for i, body in enumerate(shot.world.bodies) if "head" in body.name)
    feet = shot.motion.positions[:, head] * (1.0, 1.0, 0.0)
    up = seen(shot, shot.motion.positions[:, head], 9 / 16)[0, 1] - seen(shot, feet, 9 / 16)[0, 1]
    assert up / 2.0 > 0.15  # of the picture's height


def test_a_near_view_of_a_cat_is_none_of_its_sofa():
    shot = staged("close-up of a cat on a sofa")
    distance = np.linalg.norm(eyes(shot)[0] - middle(shot)[0])
    wide = staged("wide shot of a cat on a sofa")
    assert distance < 0.6 * np.linalg.norm(eyes(wide)[0] - middle(wide)[0])


def face_side(shot: StagedShot, name: str) -> np.ndarray:
    """Cosine of the angle between a face and the way to the lens, a frame each."""
    head = next(i for i, b in enumerate(shot.world.bodies) if b.name == f"{name}/head")
    way = eyes(shot) - shot.motion.positions[:, head]
    gaze = -shot.motion.rotations[:, head, :, 1]
    return np.sum(way * gaze, axis=1) / np.linalg.norm(way, axis=1)


@pytest.mark.parametrize("size", ["extreme close-up", "close-up", "medium shot"])
def test_a_near_view_shows_the_face_of_who_has_turned_away(size):
    shots = (
        Shot("a girl kicks a football in a park", 3),
        Shot(f"{size} of the girl, she smiles", 2),
    )
    film_ = produce(VideoRequest(prompt="", seconds=5, shots=shots, size=TALL), 3, never)
    turned_away, near = film_.shots
    assert face_side(turned_away, "girl")[-1] < 0.3
    assert face_side(near, "girl").min() > 0.5


def test_a_tilt_after_a_rocket_begins_before_it_and_looks_up_at_it():
    shot = staged("a rocket flies into the sky in the mountains, tilt up", seconds=4)
    rocket = moving(shot)[0]
    at = seen(shot, shot.motion.positions[:, rocket], 180 / 320)
    assert ahead(shot)[0, 2] > -0.25
    assert ahead(shot)[-1, 2] > 0.7
    assert eyes(shot)[:, 2].max() < 3.0
    assert np.abs(at[:, 1]).max() < 1.0
    tall = 2.0 * shot.world.bodies[rocket].foot
    assert tall / (2.0 * at[0, 2] * shot.cameras[0].half_height) > 0.15


def test_a_rocket_that_leaves_a_static_picture_has_begun_in_it():
    shot = staged("a rocket takes off in the mountains, static camera", seconds=4)
    at = seen(shot, shot.motion.positions[:, moving(shot)[0]], 180 / 320)
    assert np.abs(at[: len(at) // 3, 1]).max() < 0.9


def test_a_long_row_of_dominoes_fills_the_picture():
    prompt = "a long row of rainbow dominoes falls one after another, dolly right"
    shot = staged(prompt, size=TALL)
    rows = np.array([seen(shot, shot.motion.positions[:, i], 180 / 320) for i in moving(shot)])
    first = rows[:, 0]
    assert np.ptp(first[:, 0]) > 0.65
    assert np.ptp(first[:, 1]) > 0.5


def test_a_wood_does_not_outweigh_who_stands_in_it():
    shot = staged("a snowman in a forest of firs, crane up", seed=18)
    man = next(i for i, b in enumerate(shot.world.bodies) if b.subject == "snowman")
    at = seen(shot, shot.motion.positions[:, man], 180 / 320)
    tall = 2.0 * shot.world.bodies[man].foot
    assert np.abs(at[:, :2]).max() < 0.8
    assert (tall / (2.0 * at[:, 2] * shot.cameras[0].half_height)).min() > 0.25
