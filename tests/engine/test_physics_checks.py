"""What every textbook knows, with stated tolerances; `-s` prints each measured error."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.scene.build import build_world
from engine.engines.scene.scene.world import Joint
from tests.engine.worlds import FPS, GRAVITY, pendulum, run, solid, thing, world_of

GOAL = 0.02


def report(what: str, measured: float, expected: float, tolerance: float = GOAL) -> None:
    error = measured / expected - 1.0
    print(f"{what:58s} {measured:10.4f} {expected:10.4f} {100.0 * error:+8.3f} %")  # noqa: T201
    assert abs(error) <= tolerance, f"{what}: {measured} instead of {expected}"


@pytest.mark.parametrize("prompt", ["a ball", "a steel ball", "a bowling ball", "a soft ball"])
@pytest.mark.parametrize("drop", [0.3, 0.8, 2.07, 5.0])
def test_every_single_bounce_reaches_e_squared_of_its_height(prompt, drop):
    body = thing(prompt, height=drop)
    motion = run(world_of(body), 4.0)
    first, second = (contact.seconds for contact in motion.contacts[:2])
    flight = motion.positions[math.ceil(first * FPS) + 1 : math.floor(second * FPS), 0, 2]
    a, b, c = np.polyfit(np.arange(len(flight)) / FPS, flight - body.foot, 2)
    restitution = body.parts[0].material.restitution
    report(f"bounce of {prompt} from {drop} m", c - b * b / 4.0 / a, restitution**2 * drop)


def test_free_fall():
    motion = run(world_of(thing("a steel ball", height=12.0)), 1.5)
    fallen = motion.positions[0, 0, 2] - motion.positions[-1, 0, 2]
    report("free fall in 1.5 s", fallen, 0.5 * GRAVITY * 1.5**2)


@pytest.mark.parametrize("restitution", [1.0, 0.8, 0.3])
def test_two_equal_balls_exchange_their_speed(restitution):
    ball = solid("sphere", (0.1, 0.1, 0.1), bounce=restitution, position=(0.0, 0.0, 1.0))
    coming = replace(ball, position=(-1.0, 0.0, 1.0), velocity=(2.0, 0.0, 0.0))
    motion = run(world_of(coming, ball, gravity=0.0), 1.2)
    left, right = (motion.positions[-1, :, 0] - motion.positions[-2, :, 0]) * FPS
    report(f"collision, e = {restitution}: the one hit", right, 1.0 + restitution)
    assert left == pytest.approx(1.0 - restitution, abs=0.02)


def test_a_blow_passes_through_a_row_of_touching_balls():
    balls = [
        solid("sphere", (0.1, 0.1, 0.1), bounce=1.0, position=(0.2001 * i, 0.0, 1.0))
        for i in range(4)
    ]
    balls[0] = replace(balls[0], position=(-0.5, 0.0, 1.0), velocity=(2.0, 0.0, 0.0))
    motion = run(world_of(*balls, gravity=0.0), 1.0)
    speeds = (motion.positions[-1, :, 0] - motion.positions[-2, :, 0]) * FPS
    assert speeds == pytest.approx([0.0, 0.0, 0.0, 2.0], abs=0.02)


@pytest.mark.parametrize(
    ("prompt", "speed"), [("a crate", 4.0), ("a steel cube", 3.0), ("an ice cube", 3.0)]
)
def test_what_slides_stops_after_v_squared_over_two_mu_g(prompt, speed):
    body = thing(prompt, velocity=(speed, 0.0, 0.0))
    friction = body.parts[0].material.friction
    motion = run(world_of(body), speed / friction / GRAVITY + 0.5)
    expected = speed**2 / (2.0 * friction * GRAVITY)
    report(f"sliding stop of {prompt}", motion.positions[-1, 0, 0], expected)


def test_a_sliding_ball_ends_up_rolling_at_five_sevenths_of_its_speed():
    motion = run(world_of(thing("a steel ball", velocity=(3.0, 0.0, 0.0)), rolling=0.0), 3.0)
    speed = (motion.positions[-1, 0, 0] - motion.positions[-2, 0, 0]) * FPS
    report("speed when it rolls", speed, 3.0 * 5.0 / 7.0)


def test_rolling_resistance_slows_by_its_arm():
    body = thing("a steel ball")
    radius = body.foot
    body = replace(body, velocity=(2.0, 0.0, 0.0), spin=(0.0, 2.0 / radius, 0.0))
    motion = run(world_of(body, rolling=0.004), 2.0)
    lost = 2.0 - (motion.positions[-1, 0, 0] - motion.positions[-2, 0, 0]) * FPS
    # Of a solid ball: the torque arm · weight turns 7/5 of its mass.
    report("speed lost in rolling", lost, 0.004 * GRAVITY / radius / 1.4 * 2.0)


def full_swing(degrees: float) -> float:
    """How much longer than a small swing: 2 K(sin(θ/2)) / π, by the mean of Gauss."""
    a, b = 1.0, math.cos(math.radians(degrees) / 2.0)
    for _ in range(20):
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return 1.0 / a


@pytest.mark.parametrize("degrees", [5.0, 60.0, 120.0])
def test_pendulum_period(degrees):
    motion = run(pendulum(degrees), 9.0)
    x = motion.positions[:, 0, 0]
    down = np.flatnonzero((x[:-1] > 0.0) & (x[1:] <= 0.0))
    times = (down + x[down] / (x[down] - x[down + 1])) / FPS
    small = 2.0 * math.pi * math.sqrt((1.0 + 0.4 * 0.05**2) / GRAVITY)
    report(f"pendulum from {degrees}°", float(np.diff(times).mean()), small * full_swing(degrees))
    assert motion.energy.max() <= motion.energy[0] * 1.002


def test_a_conical_pendulum_keeps_its_height():
    turns = math.sqrt(GRAVITY / math.cos(math.radians(30.0)))
    motion = run(pendulum(30.0, kind="ball", spin=(0.0, 0.0, turns)), 4.0)
    assert np.ptp(motion.positions[:, 0, 2]) < 0.002
    angle = np.unwrap(np.arctan2(motion.positions[:, 0, 1], motion.positions[:, 0, 0]))
    report("conical pendulum, turns in 4 s", angle[-1] - angle[0], 4.0 * turns)


def test_a_double_pendulum_stays_near_its_energy():
    above = pendulum(90.0).bodies[0]
    below = replace(above, name="below", position=(2.0, 0.0, 3.0))
    joints = (
        Joint(parent=-1, child=0, kind="hinge", at=(0.0, 0.0, 3.0), name="upper"),
        Joint(parent=0, child=1, kind="hinge", at=(1.0, 0.0, 3.0), name="lower"),
    )
    motion = run(replace(world_of(above, below), joints=joints), 10.0)
    assert motion.energy == pytest.approx(motion.energy[0], rel=0.03)


@pytest.mark.parametrize("spin", [(9.0, 1.0, 0.0), (2.0, 12.0, 3.0), (20.0, 0.5, 0.5)])
def test_the_middle_of_what_spins_flies_a_parabola_and_its_spin_keeps_its_energy(spin):
    body = solid("box", (0.3, 0.06, 0.15), position=(0.0, 0.0, 8.0), spin=spin)
    motion = run(world_of(replace(body, velocity=(1.0, 0.5, 3.0))), 1.2)
    t = np.arange(len(motion.positions))[:, None] / FPS
    path = np.array((0.0, 0.0, 8.0)) + t * (1.0, 0.5, 3.0) - 0.5 * GRAVITY * t**2 * (0, 0, 1)
    error = float(np.abs(motion.positions[:, 0] - path).max())
    print(f"centre of mass of a body that spins {spin}: {1000 * error:.1f} mm off in 1.2 s")  # noqa: T201
    assert error < 0.02
    floating = run(world_of(replace(body), gravity=0.0), 5.0)
    assert floating.energy == pytest.approx(floating.energy[0], rel=1e-3)


PROMPTS = [
    "three red balls fall",
    "a bowling ball crashes into crates",
    "two dice tumble",
    "twelve balls burst",
    "a tower of crates collapses",
    "a ball rolls down the stairs",
    "a row of dominoes topples",
    "a basketball bounces on a court",
    "five steel balls fall on the ice",
    "a wooden crate slides on the street",
    "a beach ball rolls on the beach",
    "a bottle falls off a table",
    "a pyramid of cans and a tennis ball crashes into it",
    "ten stones fall in the snow",
    "a football flies into a wall",
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_energy_never_grows_by_itself(prompt):
    motion = run(build_world(read_prompt(prompt), seed=5), 4.0, fps=48)
    assert np.isfinite(motion.positions).all()
    assert motion.energy.max() <= motion.energy[0] + 0.01 * abs(motion.energy[0]) + 0.05


def test_a_tower_at_rest_is_still_and_silent():
    crates = [replace(thing("a crate", height=0.4001 * i), name=f"crate {i}") for i in range(6)]
    motion = run(world_of(*crates), 3.0)
    assert not [contact for contact in motion.contacts if contact.seconds > 0.2]
    assert np.abs(motion.positions - motion.positions[0]).max() < 0.005
