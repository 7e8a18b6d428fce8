import colorsys

import numpy as np
import pytest

from engine.contracts import VideoRequest
from engine.engines.scene.frames.pixels import COLOURS
from engine.engines.scene.light.lighting import light_scene
from engine.engines.scene.light.look import GRASS, SAND, SNOW
from engine.engines.scene.pictures import draw
from engine.engines.scene.production import produce
from tests.engine.eyes import brightness, colour_share


def filmed(prompt: str):
    return produce(VideoRequest(prompt, seconds=1, seed=7), 7, lambda: False)


def look_of(prompt: str):
    return light_scene(filmed(prompt).shots[0].script, 7).look


def picture_of(prompt: str, size=(180, 320)) -> np.ndarray:
    return next(iter(draw(filmed(prompt), frames=[12], size=size)))


def test_a_yellow_coat_is_yellow_at_night_in_the_rain():
    picture = picture_of("A man in a yellow raincoat stands in a city street at night in the rain")
    assert colour_share(picture, "yellow") > 0.01
    assert 0.1 < brightness(picture) < 0.4  # and it is night


def test_black_clothes_are_seen_before_a_street_at_night_in_noir():
    picture = picture_of("A woman in a black coat stands in a street at night, noir, high angle")
    low, high = np.quantile(picture[..., 0], (0.05, 0.95))
    assert high - low > 60.0


def test_a_blind_hangs_only_in_a_room_in_noir():
    assert look_of("A man stands in a room, noir").blinds == 1.0
    assert look_of("A man stands in a room").blinds == 0.0
    assert look_of("A boat on the sea, noir").blinds == 0.0


def test_the_sky_of_noir_has_no_stripes():
    picture = picture_of("A red ball on the beach, noir").astype(float)
    rows = picture[: picture.shape[0] // 4, :, 0].mean(axis=1)
    smooth = np.convolve(rows, np.ones(9) / 9.0, "same")
    assert np.abs(rows - smooth)[6:-6].max() < 6.0


@pytest.mark.parametrize(
    ("prompt", "ground"),
    [
        ("A snowman in falling snow in a forest", SNOW),
        ("A man in a street, falling snow", SNOW),
        ("A red ball in a forest", GRASS),
        ("A boat on the sea in falling snow", SAND),  # the bed of the sea
    ],
)
def test_snow_lies_where_it_snows(prompt, ground):
    assert look_of(prompt).ground == ground


@pytest.mark.parametrize("colour", ["red", "green", "blue", "orange"])
def test_the_paper_of_a_studio_is_across_the_wheel_from_what_is_filmed(colour):
    film = filmed(f"A {colour} ball bounces")
    said = film.shots[0].script.subjects[0].colour
    red, green, blue = (int(said[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    hue = colorsys.rgb_to_hsv(red, green, blue)[0]
    paper = colorsys.rgb_to_hsv(
        *(c ** (1 / 2.2) for c in look_of(f"A {colour} ball bounces").horizon)
    )
    apart = abs(paper[0] - hue)
    assert min(apart, 1.0 - apart) > 0.38
    assert 0.1 < paper[1] < 0.4


def test_the_dancer_on_a_stage_has_light_in_the_shadow_of_the_spotlight():
    picture = picture_of("A girl in a blue dress dances on a stage").astype(int)
    blue = (picture[..., 2] > picture[..., 0] + 25) & (picture[..., 2] > 40)
    assert blue.mean() > 0.02
    assert np.quantile(picture[blue].max(axis=1), 0.05) > 50


def test_a_film_in_pixels_has_one_palette_from_first_to_last():
    film = filmed("Three cubes spin on a neon grid, pixel art")
    pictures = np.stack(list(draw(film, frames=[0, 11, 23], size=(180, 320))))
    assert 8 < len(np.unique(pictures.reshape(-1, 3), axis=0)) <= COLOURS
