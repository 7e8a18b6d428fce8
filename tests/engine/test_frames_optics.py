"""What light does in a frame, measured in pictures of worlds built by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.frames.atlas import Atlas
from engine.engines.scene.frames.plate import plate_of
from engine.engines.scene.frames.render import Take, render_frames
from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.light.lighting import Lighting, light_scene
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.solids import Body, Decal, Part
from engine.engines.scene.scene.world import World
from engine.engines.scene.speech.spoken import Mouth

SIZE = (96, 160)
RED, GREEN, GREY = (0.8, 0.02, 0.02), (0.02, 0.6, 0.05), (0.5, 0.5, 0.5)
MATT = "rubber"


def part(shape="sphere", size=(0.5, 0.5, 0.5), colour=RED, material=MATT, decal=None) -> Part:
    return Part(
        shape=shape,
        size=size,
        at=np.zeros(3),
        rotation=np.eye(3),
        material=vocabulary().materials[material],
        colour=colour,
        second=colour,
        pattern="plain",
        glow=0.0,
        decal=decal,
    )


def body(at, **options) -> Body:
    return Body(subject="thing", parts=(part(**options),), position=at)


def lens(eye=(0.0, -6.0, 1.0), target=(0.0, 0.0, 0.8), half_height=0.45, **options) -> Camera:
    forward = np.array(target, float) - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    return Camera(tuple(eye), tuple(right), tuple(up), tuple(forward), half_height, **options)


def take(bodies, prompt="a ball in a meadow", frames=1, moves=None, **options) -> Take:
    """A take of bodies that stand still, or go by `moves`: (bodies, 3) m a frame."""
    script = read_prompt(prompt)
    at = np.array([b.position for b in bodies], float)
    steps = np.arange(frames)[:, None, None]
    path = at + steps * (np.zeros_like(at) if moves is None else np.array(moves, float))
    motion = Motion(
        positions=path,
        rotations=np.tile(np.eye(3), (frames, len(bodies), 1, 1)),
        rolling=np.zeros((frames, len(bodies))),
        energy=np.zeros(frames),
        contacts=(),
    )
    light: Lighting = light_scene(script, 1)
    sun = options.pop("sun", None)
    if sun is not None:
        sun = tuple(np.array(sun) / np.linalg.norm(sun))
        light = Lighting(light.look._replace(sun=sun), 0)
    return Take(World(tuple(bodies), vocabulary().places[script.place]), motion, light, **options)


def picture(bodies, camera=None, frame=0, size=SIZE, **options) -> np.ndarray:
    return take(bodies, **options).picture(frame, camera or lens(), 0.0, size).astype(int)


def redness(shown: np.ndarray) -> np.ndarray:
    return shown[..., 0] - np.maximum(shown[..., 1], shown[..., 2])


def middle(mask: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(mask)
    return float(rows.mean()), float(columns.mean())


def sharpness(shown: np.ndarray) -> float:
    grey = shown.mean(axis=2)
    bend = (
        4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    )
    return float((bend**2).mean())


def test_a_mirror_ball_shows_what_stands_behind_the_camera():
    mirror = body((0.0, 0.0, 0.8), size=(0.8, 0.8, 0.8), material="steel", colour=(0.9, 0.9, 0.9))
    hidden = body((0.0, -9.5, 1.2), size=(2.0, 2.0, 2.0))
    without, with_it = picture([mirror]), picture([mirror, hidden])
    assert (redness(with_it) - redness(without) > 25).sum() > 15


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_shadow_falls_away_from_the_sun(side):
    ball = body((0.0, 0.0, 0.6), size=(0.4, 0.4, 0.4))
    camera = lens(eye=(0.0, -6.0, 4.0), target=(0.0, 0.0, 0.0))
    sun = (side * 1.0, -0.1, 0.8)
    shaded = picture([ball], camera, sun=sun).sum(axis=2)
    bare = picture([body((0.0, 0.0, -50.0))], camera, sun=sun).sum(axis=2)
    dark = (bare - shaded > 60) & (redness(picture([ball], camera, sun=sun)) < 40)
    assert dark.sum() > 20
    assert side * (middle(dark)[1] - SIZE[0] / 2) < -3


def test_calm_water_mirrors_a_red_ball_below_it():
    ball = body((0.0, 0.0, 0.9), size=(0.4, 0.4, 0.4))
    camera = lens(eye=(0.0, -6.0, 0.8), target=(0.0, 0.0, 0.2))
    wet = redness(picture([ball], camera, prompt="a ball in a lake"))
    dry = redness(picture([ball], camera, prompt="a ball in a meadow"))
    row = int(middle(dry > 60)[0])
    foot = np.nonzero((dry > 60).any(axis=1))[0].max()
    assert (wet[foot + 4 :] > 15).sum() > 20
    assert (dry[foot + 4 :] > 15).sum() == 0
    seen = middle(wet[foot + 4 :] > 15)
    assert abs(seen[1] - middle(wet[: foot + 1] > 60)[1]) < 4
    assert row < foot + 4 + seen[0]


def test_what_lies_under_water_is_seen_through_it_and_deeper_is_dimmer():
    def mass(depth: float) -> float:
        ball = body((0.0, 0.0, -depth), size=(0.4, 0.4, 0.4))
        camera = lens(eye=(0.0, -2.5, 4.0), target=(0.0, 0.0, -depth))
        shown = redness(picture([ball], camera, prompt="a ball in a swimming pool"))
        return float(np.clip(shown + 100, 0, None).max())

    assert mass(0.5) > mass(1.6) + 5


def test_only_what_is_in_focus_is_sharp():
    size = (192, 320)
    near = body((-0.6, -2.0, 0.9), shape="box", size=(0.4, 0.1, 0.5), colour=(0.9, 0.9, 0.9))
    far = body((1.2, 4.0, 1.6), shape="box", size=(0.7, 0.1, 0.9), colour=RED)
    bare = picture([body((0.0, 0.0, -50.0))], lens(), size=size)

    def around(shown: np.ndarray, thing: Body) -> float:
        alone = np.abs(picture([thing], lens(), size=size) - bare).sum(axis=2) > 60
        y, x = np.nonzero(alone)
        return sharpness(
            shown[max(y.min() - 4, 0) : y.max() + 5, max(x.min() - 4, 0) : x.max() + 5]
        )

    def edges(focus: float, aperture: float) -> tuple[float, float]:
        shown = picture([near, far], lens(focus=focus, aperture=aperture), size=size)
        return around(shown, near), around(shown, far)

    on_near, on_far, sharp = edges(4.0, 0.12), edges(10.0, 0.12), edges(4.0, 0.0)
    assert on_near[0] > 1.5 * on_far[0]
    assert on_far[1] > 1.5 * on_near[1]
    assert on_near[0] > 0.3 * sharp[0]


@pytest.mark.parametrize("step_m", [0.15, 0.3])
def test_a_streak_is_as_long_as_the_way_while_the_shutter_is_open(step_m):
    camera, size = lens(target=(0.0, 0.0, 1.0)), (192, 320)
    pixels = step_m / 5.9 / camera.half_height * 0.5 * size[1]
    ball = [body((0.0, 0.0, 1.0), size=(0.1, 0.1, 0.1))]
    still = picture(ball, camera, frames=2, size=size)
    moved = picture(ball, camera, frames=2, moves=[(step_m, 0.0, 0.0)], size=size)

    bare = picture([body((0.0, 0.0, -50.0))], camera, frames=2, size=size)

    def variance(shown: np.ndarray) -> float:
        profile = (
            np.clip(redness(shown) - redness(bare), 0, None)[130:200].sum(axis=0).astype(float)
        )
        at = np.arange(len(profile))
        centre = (profile * at).sum() / profile.sum()
        return float((profile * (at - centre) ** 2).sum() / profile.sum())

    # An even smear of length L adds L²/12 to the variance.
    streak = np.sqrt(12 * (variance(moved) - variance(still)))
    assert streak == pytest.approx(0.5 * pixels, rel=0.25)


def test_what_stands_still_is_not_blurred():
    ball = [body((0.0, 0.0, 1.0))]
    assert (picture(ball, frames=2) == picture(ball, frames=1)).all()


def test_a_decal_shows_on_the_side_that_faces_the_camera():
    worn = Decal("text", "STOP")
    image = np.zeros((1, 128, 128, 4), np.float32)
    image[0, :64, :64] = (0.0, 0.0, 0.0, 1.0)  # its upper left quarter is black
    board = body((0.0, 0.0, 1.0), shape="box", size=(0.8, 0.05, 0.8), colour=(0.9,) * 3, decal=worn)
    shown = picture([board], lens(target=(0.0, 0.0, 1.0)), atlas=Atlas(image, {worn: (0,)}))
    grey = shown.sum(axis=2)
    y, x = SIZE[1] // 2, SIZE[0] // 2
    quarters = [
        grey[y + b : y + b + 8, x + a : x + a + 8].mean() for b in (-12, 4) for a in (-12, 4)
    ]
    assert quarters[0] < 0.35 * min(quarters[1:])


def test_a_face_shows_the_mouth_of_the_frame():
    face = Decal("face", "ann")
    images = np.zeros((len(Mouth), 128, 128, 4), np.float32)
    images[Mouth.OPEN] = (0.0, 0.0, 0.0, 1.0)
    head = body((0.0, 0.0, 1.0), shape="ellipsoid", colour=(0.8, 0.7, 0.6), decal=face)
    made = take(
        [head],
        frames=2,
        atlas=Atlas(images, {face: tuple(range(len(Mouth)))}),
        mouths={"ann": np.array([Mouth.CLOSED, Mouth.OPEN], np.int8)},
    )
    closed, opened = (made.picture(f, lens(), 0.0, SIZE).astype(int) for f in (0, 1))
    assert closed[80, 48].sum() > opened[80, 48].sum() + 150


def plate_picture() -> tuple[bytes, np.ndarray]:
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    image = np.stack([60 + x, 200 - y, 90 + 40 * np.sin(x / 9.0) * np.sin(y / 13.0)], axis=-1)
    image = np.clip(image, 20, 220).astype(np.uint8)
    packed = io.BytesIO()
    Image.fromarray(image).save(packed, "PNG")
    return packed.getvalue(), image


def test_the_first_frame_of_a_plate_is_the_image_where_nothing_stands():
    packed, image = plate_picture()
    camera = lens()
    ball = body((0.0, 0.0, 0.5), size=(0.3, 0.3, 0.3))
    shown = picture([ball], camera, plate=plate_of(packed, SIZE), plate_camera=camera)
    corner = slice(0, 60)
    error = ((shown[corner] - image[corner].astype(int)) ** 2).mean()
    assert 10 * np.log10(255**2 / error) > 34
    assert redness(shown)[75:100].max() > redness(image.astype(int))[75:100].max() + 40


def test_a_body_shades_the_ground_of_a_plate():
    packed, _ = plate_picture()
    camera = lens(eye=(0.0, -6.0, 3.0), target=(0.0, 0.0, 0.0))
    options = {"plate": plate_of(packed, SIZE), "plate_camera": camera, "sun": (1.0, 0.0, 1.0)}
    bare = picture([body((0.0, 0.0, -50.0))], camera, **options)
    shaded = picture([body((0.0, 0.0, 0.8), size=(0.4, 0.4, 0.4))], camera, **options)
    assert ((bare - shaded).sum(axis=2) > 60).sum() > 20


def test_threads_and_order_do_not_change_a_picture():
    ball = [body((0.0, 0.0, 1.0))]
    cameras = [lens(eye=(0.1 * i, -6.0, 1.0)) for i in range(6)]

    def film() -> list[np.ndarray]:
        made = take(ball, "a ball at sunset in the mountains", frames=6, cameras=cameras)
        jobs = [(made, i, camera, i / 24) for i, camera in enumerate(cameras)]
        return list(render_frames(jobs, SIZE))

    alone = take(ball, "a ball at sunset in the mountains", frames=6, cameras=cameras)
    backwards = [alone.picture(i, cameras[i], i / 24, SIZE) for i in reversed(range(6))][::-1]
    for one, other, third in zip(film(), film(), backwards, strict=True):
        assert (one == other).all()
        assert (one == third).all()
