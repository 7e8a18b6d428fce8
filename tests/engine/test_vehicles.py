"""What drives by its own power."""

from dataclasses import replace

import numpy as np
import pytest

from engine.engines.scene.frames.atlas import Atlas
from engine.engines.scene.frames.shapes import POS, SIZE
from engine.engines.scene.frames.solids import Solids
from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.scene.build import build_world
from engine.engines.scene.scene.plans import standing_at
from engine.engines.scene.scene.props import make_prop
from engine.engines.scene.scene.props.workshop import Workshop
from engine.engines.scene.scene.world import Act, Actor, World
from tests.engine.scenes import script, subject
from tests.engine.worlds import run, solid, world_of

STREET = vocabulary().places["street"]
LAKE = replace(STREET, water=True, depth=4.0)


def vehicle(kind: str, *acts: Act, place=STREET) -> World:
    shop = Workshop(read_prompt("a red ball").subjects[0], 0, np.random.default_rng(1))
    made = make_prop(kind, kind, shop)
    bodies, joints = standing_at(made, 0.0, 0.0, place).unfolded()
    actor = Actor(kind, made.actor or "boat", tuple(range(len(bodies))), acts)
    return World(bodies=bodies, place=place, joints=joints, actors=(actor,))


@pytest.mark.parametrize("kind", ["car", "truck", "bike"])
def test_what_has_wheels_drives_to_its_goal_and_stops(kind):
    motion = run(vehicle(kind, Act(0.0, "drive", towards=(6.0, 3.0, 0.0))), 6.0, fps=24)
    assert motion.positions[-1, 0, :2] == pytest.approx([6.0, 3.0], abs=0.6)
    assert np.linalg.norm(motion.positions[-1, 0] - motion.positions[-12, 0]) < 0.05
    assert (motion.rotations[:, 0, 2, 2] > 0.99).all()


def test_its_wheels_turn_as_fast_as_it_goes():
    world = vehicle("car", Act(0.0, "drive"))
    motion = run(world, 3.0, fps=96)
    speed = np.linalg.norm(motion.positions[-1, 0] - motion.positions[-2, 0]) * 96
    turned = motion.rotations[-2, 1].T @ motion.rotations[-1, 1]
    rate = np.arccos(np.clip((np.trace(turned) - 1.0) / 2.0, -1.0, 1.0)) * 96
    radius = world.bodies[1].parts[0].size[0]
    assert speed > 1.5
    assert rate * radius == pytest.approx(speed, rel=0.05)


def test_a_car_that_only_stands_stays():
    motion = run(vehicle("car", Act(0.0, "stand")), 2.0, fps=24)
    assert np.abs(motion.positions[-1, 0] - motion.positions[0, 0]).max() < 0.02


def test_a_skateboard_is_pushed_and_rolls_on():
    motion = run(vehicle("skateboard", Act(0.0, "roll"), Act(2.0, "stand")), 4.0, fps=24)
    x = motion.positions[:, 0, 0]
    assert x[48] > 1.5
    assert x[-1] - x[-24] > 0.5


def test_a_boat_goes_where_it_is_steered():
    motion = run(
        vehicle("boat", Act(0.0, "drive", towards=(5.0, 5.0, 0.0)), place=LAKE), 8.0, fps=24
    )
    gone = motion.positions[-1, 0, :2]
    assert gone.min() > 1.0
    assert (motion.rotations[:, 0, 2, 2] > 0.9).all()


def test_a_rocket_lifts_off_upright_and_a_plane_keeps_its_height():
    tube = solid("cylinder", (0.2, 0.8, 0.0), density=300.0, position=(0.0, 0.0, 0.8))
    rocket = Actor("rocket", "rocket", (0,), (Act(0.0, "fly"),))
    motion = run(replace(world_of(tube), actors=(rocket,)), 3.0, fps=24)
    assert motion.positions[-1, 0, 2] > 5.0
    assert (motion.rotations[:, 0, 2, 2] > 0.98).all()
    wing = solid("box", (0.6, 0.9, 0.05), density=100.0, position=(0.0, 0.0, 3.0))
    wing = replace(wing, velocity=(5.0, 0.0, 0.0))
    plane = Actor("plane", "plane", (0,), (Act(0.0, "fly", towards=(40.0, 20.0, 0.0)),))
    motion = run(replace(world_of(wing), actors=(plane,)), 4.0, fps=24)
    assert motion.positions[-1, 0, 2] == pytest.approx(3.0, abs=1.5)
    assert motion.positions[-1, 0, 0] > 8.0


def test_a_rocket_has_a_flame_below_it_while_its_engine_burns():
    world = build_world(script(subject("rocket", action="fly")), 1, seconds=2.0)
    clock = np.arange(48) / 24
    motion = simulate(world, clock, is_cancelled=lambda: False)
    solids = Solids(world, motion, Atlas(), {}, clock)
    rocket = next(i for i, body in enumerate(world.bodies) if body.subject == "rocket")
    flames = [
        row for row, part in enumerate(p for body in world.bodies for p in body.seen) if part.burns
    ]
    sizes = np.array([solids.at(frame)[flames, SIZE + 1] for frame in range(48)])
    assert len(flames) == 3
    assert sizes[:12].max() < 1e-4  # it stands there for half a second
    assert sizes[24:].min() > 0.05
    assert np.ptp(sizes[24:], axis=0).min() > 0.01  # and flickers
    lowest = solids.at(40)[flames, POS + 2].min()
    assert lowest < motion.positions[40, rocket, 2] - world.bodies[rocket].foot
    assert all(not part.burns for part in world.bodies[rocket].parts)
