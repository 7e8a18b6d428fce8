"""The eyes that judge the engine are themselves checked, on pictures whose content is known."""

import cv2
import numpy as np
import pytest

from tests.engine import eyes

SIZE = (320, 180)  # rows, columns


def speckled(seed: int = 1) -> np.ndarray:
    """A background with corners to track."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 200, (SIZE[0] // 10 + 12, SIZE[1] // 10 + 12, 1))
    return np.kron(coarse, np.ones((10, 10, 3))).astype(np.uint8)


def view(ground: np.ndarray, right: int, down: int) -> np.ndarray:
    return ground[40 + down : 40 + down + SIZE[0], 40 + right : 40 + right + SIZE[1]].copy()


def with_square(picture: np.ndarray, x: int, y: int, colour=(215, 30, 30), side=30) -> np.ndarray:
    picture[y : y + side, x : x + side] = colour
    return picture


def test_a_red_square_is_seen_as_its_share_and_place_of_red():
    picture = with_square(view(speckled(), 0, 0), 60, 200)
    assert eyes.colour_share(picture, "red") == pytest.approx(900 / (320 * 180), rel=0.05)
    assert eyes.colour_middle(picture, "red") == pytest.approx((75 / 180, 215 / 320), abs=0.01)
    assert eyes.colour_share(picture, "blue") == 0.0


def test_a_panned_background_moves_the_other_way():
    ground = speckled()
    move = eyes.camera_move([view(ground, 2 * i, 0) for i in range(8)])
    assert move.right == pytest.approx(-2 / 180, rel=0.1)
    assert abs(move.down) < 0.001
    assert abs(move.growth) < 0.001


def test_things_that_move_by_themselves_are_counted_and_followed():
    ground = speckled()
    film = []
    for i in range(8):
        picture = with_square(view(ground, i, 0), 10 + 4 * i, 80)
        film.append(with_square(picture, 20 + 4 * i, 220, colour=(20, 60, 210)))
    motions = eyes.own_motions(film)
    assert eyes.moving_things(motions) == 2
    right, down = eyes.motion_direction(motions)
    assert right > 0.01
    assert abs(down) < 0.5 * right


def test_a_cut_is_found_and_a_pan_is_not_one():
    first, second = speckled(1), np.roll(speckled(2), 5, axis=0) // 2
    film = [view(first, i, 0) for i in range(10)] + [view(second, i, 0) for i in range(10)]
    assert eyes.cuts(film) == [10]


def test_a_cut_before_a_plain_backdrop_is_found_too():
    plain = np.full((*SIZE, 3), 150, np.uint8)
    near = [with_square(plain.copy(), 60 + i, 100, side=60) for i in range(8)]
    far = [with_square(plain.copy(), 20 + i, 20, colour=(20, 60, 210)) for i in range(8)]
    assert eyes.cuts(near + far) == [8]


def test_corners_of_one_thing_are_not_taken_for_the_background():
    plain = np.full((*SIZE, 3), 150, np.uint8)
    thing = speckled()[:40, :40]
    film = []
    for i in range(6):
        picture = plain.copy()
        picture[100:140, 20 + 5 * i : 60 + 5 * i] = thing
        film.append(picture)
    assert np.isnan(eyes.camera_steps(film)).all()
    right, down = eyes.motion_direction(eyes.own_motions(film))
    assert right == pytest.approx(5 / 180, rel=0.25)
    assert abs(down) < 0.1 * right


def test_a_backdrop_is_no_mass_of_its_colour():
    picture = np.full((*SIZE, 3), (30, 60, 210), np.uint8)
    assert eyes.colour_mass(picture, "blue") == 0.0
    with_square(picture, 60, 100)
    assert eyes.colour_mass(picture, "red") == pytest.approx(900 / (320 * 180), rel=0.05)


def test_what_swings_turns_back_and_what_goes_on_does_not():
    ground = speckled()
    away = [with_square(view(ground, 0, 0), 20 + 6 * i, 100) for i in range(8)]
    assert eyes.turns_back(eyes.own_motions(away)) == 0
    assert eyes.turns_back(eyes.own_motions(away + away[-2::-1])) == 1


@pytest.mark.parametrize("degrees", [0.0, 14.0])
def test_lines_lean_as_far_as_the_picture_is_turned(degrees):
    picture = np.full((*SIZE, 3), 40, np.uint8)
    for x in range(-100, 300, 40):
        picture[:, max(x, 0) : max(x + 15, 0)] = 200
    turn = cv2.getRotationMatrix2D((90, 160), degrees, 1.6)
    assert eyes.lean(cv2.warpAffine(picture, turn, (180, 320))) == pytest.approx(degrees, abs=1.5)


def test_blocks_haze_and_warmth_are_told():
    fine = np.random.default_rng(2).integers(0, 255, (*SIZE, 3)).astype(np.uint8)
    blocks = np.kron(fine[::8, ::8], np.ones((8, 8, 1))).astype(np.uint8)
    assert eyes.blockiness(fine) < 0.01
    assert eyes.blockiness(blocks) > 0.7
    assert eyes.contrast(fine // 4) == pytest.approx(eyes.contrast(fine) / 4, rel=0.1)
    assert eyes.warmth(np.full((*SIZE, 3), (200, 150, 98), np.uint8)) == pytest.approx(
        0.4, abs=0.01
    )


def test_a_blurred_edge_of_a_colour_is_less_sharp():
    sharp = with_square(np.full((*SIZE, 3), 150, np.uint8), 60, 100, side=60)
    soft = cv2.GaussianBlur(sharp, (0, 0), 3.0)
    assert eyes.sharpness_of(soft, "red") < 0.5 * eyes.sharpness_of(sharp, "red")
