from dataclasses import replace

import numpy as np
import pytest

from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.physics.contacts import GROUND
from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.scene.build import build_world
from engine.engines.scene.scene.solids import make_body
from engine.engines.scene.scene.world import World

FPS = 240
GRAVITY = 9.81


def never() -> bool:
    return False


def world_of(prompt: str, *, height: float, velocity=(0.0, 0.0, 0.0), place="studio") -> World:
    subject = read_prompt(prompt).subjects[0]
    body = make_body(subject, 0, np.random.default_rng(1))
    body = replace(body, position=(0.0, 0.0, body.foot + height), velocity=velocity)
    return World(bodies=(body,), place=vocabulary().places[place])


def heights(world: World, seconds: float) -> tuple[np.ndarray, object]:
    clock = np.arange(round(seconds * FPS)) / FPS
    motion = simulate(world, clock, is_cancelled=never)
    return motion.positions[:, 0, 2] - world.bodies[0].foot, motion


def test_free_fall_follows_half_g_t_squared():
    world = world_of("a steel ball", height=5.0)
    height, _ = heights(world, 0.9)
    t = np.arange(len(height)) / FPS
    assert height == pytest.approx(5.0 - 0.5 * GRAVITY * t**2, abs=0.02 * 5.0)


def test_gravity_is_the_places_own():
    height, _ = heights(world_of("a ball", height=5.0, place="space"), 1.0)
    assert 5.0 - height[-1] == pytest.approx(0.5 * 1.62 * (len(height) - 1) ** 2 / FPS**2, rel=0.02)


@pytest.mark.parametrize("prompt", ["a ball", "a football", "a steel ball", "a bowling ball"])
def test_a_ball_rebounds_to_e_squared_of_its_height(prompt):
    """On average over where in a time step the impact falls; one impact differs a little."""
    shares = []
    for drop in (0.8, 1.3, 2.0, 2.07, 2.6):
        world = world_of(prompt, height=drop)
        height, motion = heights(world, 2.2)
        hits = [contact.seconds for contact in motion.contacts]
        flight = height[round((hits[0] + 0.02) * FPS) : round(hits[1] * FPS)]
        shares.append(float(flight.max()) / drop)
    restitution = world.bodies[0].parts[0].material.restitution
    assert np.mean(shares) == pytest.approx(restitution**2, rel=0.04)
    assert shares == pytest.approx([restitution**2] * 5, rel=0.13)


@pytest.mark.parametrize(
    "prompt",
    [
        "three red balls fall",
        "a bowling ball crashes into crates",
        "two dice tumble",
        "twelve balls burst",
        "a tower of crates collapses",
        "a ball rolls down the stairs",
    ],
)
def test_energy_never_grows(prompt):
    world = build_world(read_prompt(prompt), seed=5)
    motion = simulate(world, np.arange(72) / 24, is_cancelled=never)
    assert motion.energy.max() <= motion.energy[0] * 1.001
    assert np.isfinite(motion.positions).all()


def test_no_body_sinks_into_the_ground():
    world = build_world(read_prompt("ten crates fall"), seed=2)
    motion = simulate(world, np.arange(72) / 24, is_cancelled=never)
    assert motion.positions[..., 2].min() > 0.15


def test_a_contact_tells_time_speed_impulse_and_materials():
    world = world_of("a rubber ball", height=1.0)
    _, motion = heights(world, 0.7)
    hit = motion.contacts[0]
    speed = (2.0 * GRAVITY * 1.0) ** 0.5
    mass = world.bodies[0].mass
    assert (hit.body, hit.other) == (0, GROUND)
    assert hit.seconds == pytest.approx((2.0 / GRAVITY) ** 0.5, abs=0.005)
    assert hit.speed == pytest.approx(speed, rel=0.03)
    assert hit.impulse == pytest.approx(mass * speed * 1.82, rel=0.08)
    assert (hit.material.name, hit.other_material.name) == ("rubber", "wood")


def test_a_pushed_row_of_dominoes_falls_to_the_last():
    world = build_world(read_prompt("a row of dominoes topples"), seed=1)
    motion = simulate(world, np.arange(4 * 24) / 24, is_cancelled=never)
    upright = motion.rotations[-1, :, 2, 2]
    assert (np.abs(upright) < 0.5).all()


def test_a_ball_in_flight_keeps_its_energy():
    world = world_of("a ball", height=3.0, velocity=(2.0, 0.0, 3.0))
    motion = simulate(world, np.arange(24) / 48, is_cancelled=never)
    assert motion.energy == pytest.approx(motion.energy[0], rel=0.01)


def test_simulation_stops_when_cancelled():
    calls = []

    def after_three() -> bool:
        calls.append(1)
        return len(calls) > 3

    world = world_of("a ball", height=5.0)
    motion = simulate(world, np.arange(100) / 24, is_cancelled=after_three)
    assert (motion.positions[4:] == motion.positions[3]).all()
