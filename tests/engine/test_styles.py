import cv2
import numpy as np
import pytest

from engine.engines.scene.frames.pixels import COLOURS, palette_of
from engine.engines.scene.frames.styles import TREATMENTS, treat
from engine.engines.scene.language.vocabulary import vocabulary
from tests.engine.eyes import brightness, saturation, sharpness

HEIGHT, WIDTH = 640, 360


def scene(at: float = 0.5, height: int = HEIGHT, width: int = WIDTH):
    """A red and a blue ball on a green meadow under a pale sky: picture, identity, depth."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    sky = np.array((150.0, 190.0, 235.0)) + (y / height * 50.0)[..., None]
    grain = np.random.default_rng(1).normal(0.0, 7.0, (height, width, 1))
    meadow = np.array((110.0, 160.0, 70.0)) + 12.0 * np.sin(x / 17.0)[..., None] + grain
    picture = np.where((y > 0.4 * height)[..., None], meadow, sky)
    met = np.where(y > 0.4 * height, -1, -2).astype(np.int32)
    depth = np.where(y > 0.4 * height, 900.0 / (np.maximum(y - 0.4 * height, 0.0) + 9.0), 90.0)
    for who, (u, v, colour) in enumerate(((at, 0.55, (215, 40, 36)), (0.78, 0.7, (40, 70, 200)))):
        far = np.hypot(x - u * width, y - v * height) / (0.14 * width)
        shade = np.clip(1.05 - 0.6 * far + 0.25 * (u * width - x) / width, 0.25, 1.0)[..., None]
        inside = far < 1.0
        picture = np.where(inside[..., None], np.array(colour) * shade, picture)
        met[inside], depth[inside] = who, 4.0 + who
    return np.clip(picture, 0, 255).astype(np.uint8), met, depth.astype(np.float32)


def styled(name: str, *, frame: int = 0, at: float = 0.5, seed: int = 3) -> np.ndarray:
    picture, met, depth = scene(at)
    return treat(picture, met, depth, name, seed, frame)


PLAIN = scene()[0]


def hue_of_the_ball(picture: np.ndarray) -> np.ndarray:
    return picture[int(0.55 * HEIGHT), int(0.46 * WIDTH)].astype(int)


def test_no_treatment_leaves_the_picture_alone():
    assert styled("") is not None
    np.testing.assert_array_equal(styled(""), PLAIN)


@pytest.mark.parametrize("name", TREATMENTS)
def test_a_treatment_changes_the_picture_and_not_its_input(name):
    picture, met, depth = scene()
    before = picture.copy()
    out = treat(picture, met, depth, name, 3, 0)
    np.testing.assert_array_equal(picture, before)
    assert out.shape == picture.shape
    assert out.dtype == np.uint8
    assert np.abs(out.astype(int) - picture).mean() > 3.0


@pytest.mark.parametrize("name", TREATMENTS)
def test_the_same_seed_and_frame_give_the_same_picture(name):
    np.testing.assert_array_equal(styled(name, frame=5), styled(name, frame=5))


@pytest.mark.parametrize("name", sorted(set(TREATMENTS) - {"noir", "sketch", "moody"}))
def test_a_red_ball_stays_red(name):
    # In the neon style the ball is dark and its contour red, so the whole of it is asked.
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    ball = np.hypot(x - 0.5 * WIDTH, y - 0.55 * HEIGHT) < 0.15 * WIDTH
    red, green, blue = styled(name)[ball].astype(float).mean(axis=0)
    assert red > 1.3 * green
    assert red > 1.3 * blue


@pytest.mark.parametrize(
    "name", ["vivid", "dreamy", "watercolour", "oil", "neon", "pixel", "sketch", "cartoon"]
)
def test_a_drawn_style_stands_still_where_nothing_moves(name):
    np.testing.assert_array_equal(styled(name, frame=3), styled(name, frame=4))


@pytest.mark.parametrize("name", ["noir", "cinematic", "vintage", "moody"])
def test_the_grain_of_film_changes_with_every_frame_and_is_small(name):
    a, b = styled(name, frame=10).astype(int), styled(name, frame=11).astype(int)
    assert 0.5 < np.abs(a - b).mean() < 12.0
    assert abs(a.mean() - b.mean()) < 6.0  # no flicker


def test_clay_holds_each_pose_for_two_frames():
    np.testing.assert_array_equal(styled("clay", frame=4), styled("clay", frame=5))
    assert (styled("clay", frame=5) != styled("clay", frame=6)).any()


def test_clay_carries_its_thumb_prints_along():
    ball = np.s_[300:404, 128:232]
    shift = 18
    there = np.s_[300:404, 128 + shift : 232 + shift]
    here, moved = styled("clay"), styled("clay", at=0.5 + shift / WIDTH)
    marks = here[ball].astype(float) - PLAIN[ball]
    carried = moved[there].astype(float) - scene(0.5 + shift / WIDTH)[0][there]
    inside = scene()[1][ball] == 0
    a, b = marks[inside].mean(axis=1), carried[inside].mean(axis=1)
    assert np.corrcoef(a, b)[0, 1] > 0.9


def test_noir_has_no_colour_and_more_contrast():
    out = styled("noir")
    assert np.ptp(out.astype(int), axis=2).max() == 0
    assert np.ptp(np.quantile(out, (0.02, 0.98))) > 90


def test_vivid_is_more_and_moody_less_colourful():
    assert saturation(styled("vivid")) > 1.1 * saturation(PLAIN)
    assert saturation(styled("moody")) < 0.9 * saturation(PLAIN)
    assert brightness(styled("moody")) < 0.8 * brightness(PLAIN)


def test_dreamy_is_softer_and_lighter():
    assert brightness(styled("dreamy")) > brightness(PLAIN)
    assert sharpness(styled("dreamy")) < 0.9 * sharpness(PLAIN)


def test_vintage_is_warm_and_dark_in_its_corners():
    red, _, blue = styled("vintage").reshape(-1, 3).mean(axis=0)
    assert red > 1.15 * blue
    assert styled("vintage")[:8, :8].mean() < 30


def test_cinematic_pulls_shadows_to_teal_and_lights_to_orange():
    grey = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    grey[:, : WIDTH // 2], grey[:, WIDTH // 2 :] = 40, 215
    met, depth = np.full((HEIGHT, WIDTH), -1, np.int32), np.ones((HEIGHT, WIDTH), np.float32)
    out = treat(grey, met, depth, "cinematic", 3, 0).astype(float)
    dark, light = out[:, :120].mean(axis=(0, 1)), out[:, 240:].mean(axis=(0, 1))
    assert dark[2] > dark[0] + 8
    assert light[0] > light[2] + 8


def test_pixels_are_square_blocks_of_a_small_palette():
    out = styled("pixel")
    blocks = out.reshape(HEIGHT // 4, 4, WIDTH // 4, 4, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert 8 < len(np.unique(out.reshape(-1, 3), axis=0)) <= COLOURS


def test_pixels_of_one_palette_keep_their_colours_when_the_picture_moves():
    palette = palette_of([PLAIN])
    for at in (0.3, 0.5, 0.7):
        out = treat(*scene(at), "pixel", 3, 0, palette)
        used = {tuple(colour) for colour in np.unique(out.reshape(-1, 3), axis=0)}
        assert used <= {tuple(colour) for colour in palette.colours.astype(np.uint8)}


def test_a_palette_has_a_colour_for_what_is_small():
    picture = np.full((200, 200, 3), (90, 140, 60), np.uint8)
    picture[:100] += np.arange(100, dtype=np.uint8)[:, None, None] % 60
    picture[150:154, 150:154] = (220, 30, 30)
    red = np.abs(palette_of([picture]).colours - np.array((220.0, 30.0, 30.0))).max(axis=1)
    assert red.min() < 40.0


def test_a_sketch_is_pencil_on_pale_paper():
    out = styled("sketch")
    assert saturation(out) < 0.1
    assert np.median(out) > 190
    contour = out[scene()[1] == 0].min()
    assert contour < 110


def test_watercolour_leaves_the_margin_white_and_washes_small_detail_away():
    out = styled("watercolour")
    assert out[:5].min() > 215
    assert out[:, :5].min() > 215
    meadow = np.s_[520:620, 60:160]
    assert sharpness(out[meadow]) < 0.6 * sharpness(PLAIN[meadow])


def test_oil_joins_tones_to_areas():
    meadow = np.s_[520:620, 60:160]
    assert sharpness(styled("oil")[meadow]) < 0.8 * sharpness(PLAIN[meadow])


def test_neon_glows_at_contours_in_a_dark_picture():
    out = styled("neon")
    assert brightness(out) < 0.45 * brightness(PLAIN)
    met = scene()[1]
    edge = cv2.morphologyEx((met == 0).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    away = cv2.dilate((met >= 0).astype(np.uint8), np.ones((61, 61))) == 0
    assert out[edge].max(axis=1).mean() > 4.0 * out[away].max(axis=1).mean()


def test_a_cartoon_has_ink_around_its_bodies_and_few_tones_inside():
    out = styled("cartoon")
    met = scene()[1]
    edge = cv2.morphologyEx((met == 0).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    assert np.median(out[edge].max(axis=1)) < 60
    core = cv2.erode((met == 0).astype(np.uint8), np.ones((9, 9))) > 0

    def tones(picture: np.ndarray) -> int:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[core]
        counts = np.bincount(grey // 4, minlength=64)
        return int((counts > 0.04 * counts.sum()).sum())

    assert tones(out) < tones(PLAIN)


@pytest.mark.parametrize("size", [(160, 96), (97, 61), (16, 16)])
@pytest.mark.parametrize("name", TREATMENTS)
def test_every_treatment_fits_small_and_odd_pictures(name, size):
    picture, met, depth = scene(0.5, *size)
    assert treat(picture, met, depth, name, 3, 1).shape == (*size, 3)


def test_every_style_of_the_vocabulary_has_a_treatment_that_exists():
    assert {style.treatment for style in vocabulary().styles.values()} <= {"", *TREATMENTS}
