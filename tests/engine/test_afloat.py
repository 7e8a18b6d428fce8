"""Afloat: who stands, jumps, flies, swims, sinks and sails where there is water."""

import math
from functools import cache

import numpy as np
import pytest

from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.physics.motion import WATER_SPAN, Motion
from engine.engines.scene.scene.build import build_world
from engine.engines.scene.scene.waves import wave_grid
from engine.engines.scene.scene.world import World
from tests.engine.worlds import GRAVITY, run

FPS = 24


@cache
def filmed(prompt: str, seconds: float = 4.0, seed: int = 3) -> tuple[World, Motion]:
    world = build_world(read_prompt(prompt), seed, seconds=seconds)
    return world, run(world, seconds, FPS)


def named(world: World, ending: str) -> int:
    return next(i for i, body in enumerate(world.bodies) if body.name.endswith(ending))


def limbs(world: World, actor: int = 0) -> list[int]:
    return list(world.actors[actor].bodies)


def centre(world: World, motion: Motion, actor: int = 0) -> np.ndarray:
    """Of mass of an actor, frame by frame."""
    ids = limbs(world, actor)
    masses = np.array([world.bodies[i].mass for i in ids])
    return np.asarray(np.average(motion.positions[:, ids], axis=1, weights=masses))


def uprightness(motion: Motion, body: int) -> np.ndarray:
    return motion.rotations[:, body, 2, 2]


def rings(world: World, motion: Motion, seconds: float, fps: int) -> float:
    """Height in m of the highest ripple over the waves of the place."""
    n = motion.water.shape[1]
    xs = (np.arange(n) + 0.5) * WATER_SPAN / n - 0.5 * WATER_SPAN
    waves = wave_grid(xs, seconds, world.place.waves)
    return float(abs(motion.water[round(seconds * fps)] - waves).max())


@pytest.mark.parametrize(
    ("place", "seed"), [("sea at golden hour", 4), ("sea at golden hour", 5), ("lake", 3)]
)
def test_a_triple_spin_on_a_paddleboard_is_turned_flown_and_landed(place, seed):
    world = build_world(
        read_prompt(f"a woman does a triple spin on a paddleboard on the {place}"),
        seed,
        seconds=5.0,
    )
    motion = run(world, 5.0, 120)
    pelvis, board = named(world, "pelvis"), named(world, "paddleboard")
    feet = [named(world, "left foot"), named(world, "right foot")]
    yaw = np.unwrap(
        np.arctan2(motion.rotations[:, pelvis, 1, 0], motion.rotations[:, pelvis, 0, 0])
    )
    before, after = yaw[:60].mean(), yaw[-120:].mean()
    assert math.degrees(after - before) == pytest.approx(1080.0, abs=40.0)  # with the board's yaw
    # In the air nothing but gravity acts on her.
    place = centre(world, motion)
    touched = {c.seconds for c in motion.contacts if {c.body, c.other} & set(feet)}
    landed = min(t for t in touched if t > 1.9)
    top = int(np.argmax(place[:, 2]))
    air = slice(top - 24, top + 24)
    assert landed > (top + 24) / 120.0
    t = np.arange(48) / 120.0
    fall = np.polyfit(t, place[air, 2], 2)
    assert -2.0 * fall[0] == pytest.approx(GRAVITY, rel=0.02)
    for axis in (0, 1):
        assert abs(2.0 * np.polyfit(t, place[air, axis], 2)[0]) < 0.03 * GRAVITY
    assert place[top, 2] - place[0, 2] > 0.3
    # She stays on the board, and the board on the water.
    assert uprightness(motion, board).min() > 0.9
    over = place[-60:] - motion.positions[-60:, board]
    assert np.hypot(over[:, 0], over[:, 1]).max() < 0.45
    assert over[:, 2].min() > 0.6
    assert abs(motion.positions[-60:, board, 2]).max() < 0.4
    assert rings(world, motion, 3.2, 120) > 0.03


@pytest.mark.parametrize(
    ("prompt", "float_", "least"),
    [
        ("a man rides a surfboard on the sea", "surfboard", 0.9),
        ("a man stands on a raft on the sea", "raft", 0.9),
        ("a dog on a paddleboard on a lake", "paddleboard", 0.95),
        ("two people in a boat on a lake", "boat", 0.95),
    ],
)
def test_what_floats_carries_who_is_on_it(prompt, float_, least):
    world, motion = filmed(prompt, 5.0)
    carrier = named(world, float_)
    assert uprightness(motion, carrier).min() > least
    assert abs(motion.positions[:, carrier, 2]).max() < 0.5
    for actor in range(len(world.actors)):
        if len(limbs(world, actor)) == 1:
            continue
        over = centre(world, motion, actor) - motion.positions[:, carrier]
        assert over[:, 2].min() > 0.1
        assert np.ptp(over[:, 0]) < 0.5


def test_water_that_moves_along_bears_a_weight_laid_on_a_light_board():
    """14 kg that displace 0.07 m³ yield to 600 N as 14 kg and the water under them do."""
    world, motion = filmed("a man stands on a paddleboard on a lake")
    board = named(world, "paddleboard")
    assert np.ptp(motion.positions[:, board, 2]) < 0.15


@pytest.mark.parametrize("prompt", ["a bird flies over a lake", "three birds fly over the sea"])
def test_birds_stay_above_the_water_and_get_on(prompt):
    world, motion = filmed(prompt)
    for actor in range(len(world.actors)):
        breast = limbs(world, actor)[0]
        assert motion.positions[:, limbs(world, actor), 2].min() > 1.0
        way = motion.positions[-1, breast] - motion.positions[0, breast]
        assert math.hypot(way[0], way[1]) > 4.0
        assert np.ptp(motion.positions[:, breast, 2]) < 0.5
    assert not motion.splashes


def test_a_fish_swims_below_the_surface():
    world, motion = filmed("a fish swims in the pool")
    middle = limbs(world)[0]
    assert motion.positions[:, middle, 2].max() < -0.05
    assert motion.positions[:, middle, 2].min() > -1.5
    assert np.ptp(motion.positions[:, middle, 0]) > 1.0


def test_a_man_swims_flat_on_the_water():
    world, motion = filmed("a man swims in the sea")
    pelvis, head = named(world, "pelvis"), named(world, "head")
    assert abs(uprightness(motion, pelvis)).max() < 0.5
    assert motion.positions[:, head, 2].min() > -0.45
    assert motion.positions[-1, pelvis, 0] - motion.positions[0, pelvis, 0] > 1.5


def test_a_stone_begins_above_the_water_splashes_and_lies_on_the_bed():
    world, motion = filmed("a stone sinks in a lake")
    stone = next(i for i, body in enumerate(world.bodies) if not body.is_fixed)
    height = motion.positions[:, stone, 2]
    assert height[0] - world.bodies[stone].foot > 0.5
    assert len(motion.splashes) == 1
    assert 0.3 < motion.splashes[0].seconds < 0.7
    assert height[-1] == pytest.approx(-world.place.depth + world.bodies[stone].foot, abs=0.05)


def test_a_crate_floats_beside_a_stone_that_sinks():
    world, motion = filmed("a wooden crate floats and a stone sinks in a swimming pool")
    crate = named(world, "crate")
    stone = next(i for i, b in enumerate(world.bodies) if not b.is_fixed and i != crate)
    assert motion.positions[:, crate, 2].min() > -0.3
    assert motion.positions[-1, stone, 2] < -1.0
    assert abs(motion.positions[:, [crate, stone], :2]).max() < 1.5


def test_who_falls_in_makes_one_splash():
    world, motion = filmed("a man falls into the sea", 3.0)
    assert centre(world, motion)[0, 2] > 1.0
    entry = [s for s in motion.splashes if s.seconds < 1.5]
    assert len(entry) == 1
    assert entry[0].energy > 200.0


def test_rubber_ducks_drop_in_splash_and_float():
    world, motion = filmed("rubber ducks drop into a pool and splash")
    ducks = [i for i, body in enumerate(world.bodies) if "duck" in body.name]
    assert len(ducks) > 1
    assert {splash.body for splash in motion.splashes} >= set(ducks)
    assert (motion.positions[-1, ducks, 2] > 0.0).all()


def test_a_storm_rocks_a_boat_more_than_fair_weather():
    tilts = []
    for prompt in ("a boat on the sea", "a boat on a stormy sea"):
        world, motion = filmed(prompt, 5.0)
        tilts.append(np.degrees(np.arccos(uprightness(motion, named(world, "boat")))).max())
    assert tilts[1] > 8.0
    assert tilts[1] > 1.8 * tilts[0]


@pytest.mark.parametrize("prompt", ["a boat drives on a lake", "a red boat sails on a lake"])
def test_a_boat_makes_way_alone(prompt):
    world, motion = filmed(prompt)
    assert len(world.actors) == 1
    way = motion.positions[-1, 0] - motion.positions[0, 0]
    assert math.hypot(way[0], way[1]) > 2.0


@pytest.mark.parametrize(
    ("prompt", "far"),
    [
        ("a red balloon floats over a meadow", 0.8),
        ("a red balloon over a windy meadow", 1.6),
        ("a kite flies in the wind", 1.8),
    ],
)
def test_what_hangs_on_a_string_does_not_drift_away(prompt, far):
    world, motion = filmed(prompt, 5.0)
    body = next(i for i, b in enumerate(world.bodies) if b.floats)
    off = motion.positions[:, body] - motion.positions[0, body]
    assert np.hypot(off[:, 0], off[:, 1]).max() < far
    assert motion.positions[:, body, 2].min() > 0.5
    assert np.ptp(motion.positions[:, body, :2]) > 0.05  # it sways
