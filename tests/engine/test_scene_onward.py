"""From one shot to the next: a world is staged from where the one before ended."""

from dataclasses import replace

import numpy as np
import pytest

from engine.engines.scene.language.script import Script
from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.scene.build import build_world
from engine.engines.scene.scene.world import BodyState, World, WorldState
from tests.engine.scenes import body, filmed, never, overlaps, script, subject, turn_of


def ended(world: World, seconds: float = 2.0) -> WorldState:
    """Some end that no staging would choose."""
    quarter = np.array(((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
    return WorldState(
        seconds=seconds,
        bodies={
            b.name: BodyState(
                position=(b.position[0] + 0.3, b.position[1] - 0.2, b.position[2] + 0.1),
                rotation=tuple(float(v) for v in (quarter @ turn_of(b)).ravel()),
                velocity=(0.5, 0.25, -0.1),
                spin=(0.0, 0.1, 2.0),
            )
            for b in world.bodies
        },
        angles={},
    )


def test_a_shot_after_another_goes_on_exactly_from_where_it_ended():
    shot = script(subject("crate", 3, action="drop"), subject("man", action="walk"))
    end = ended(build_world(shot, 6))
    world = build_world(shot, 6, after=end)
    assert world.start_seconds == 2.0
    for b in world.bodies:
        state = end.bodies[b.name]
        assert (b.position, b.velocity, b.spin) == (state.position, state.velocity, state.spin)
        assert tuple(turn_of(b).ravel()) == state.rotation


def test_joints_go_with_the_bodies_that_they_join():
    shot = script(subject("car", action="drive"), place="street")
    before = build_world(shot, 6)
    end = ended(before)
    shifted = {
        name: replace(state, rotation=tuple(turn_of(before.bodies[0]).ravel()))
        for name, state in end.bodies.items()
    }
    after = build_world(shot, 6, after=replace(end, bodies=shifted))
    for old, new in zip(before.joints, after.joints, strict=True):
        assert new.at == pytest.approx(np.add(old.at, (0.3, -0.2, 0.1)))
        assert new.axis == pytest.approx(old.axis)


def test_who_is_new_is_staged_around_those_who_stay():
    first = script(subject("crate", 4, action="rest", arrangement="stack"))
    motion_end = ended(build_world(first, 6))
    upright = {
        name: replace(state, rotation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
        for name, state in motion_end.bodies.items()
    }
    later = Script(subjects=(*first.subjects, subject("man", 2, action="dance")))
    world = build_world(later, 6, after=replace(motion_end, bodies=upright))
    assert overlaps(world) == []
    assert [b.position for b in world.bodies if b.subject == "crate"] == [
        state.position for state in upright.values()
    ]


def test_who_walks_goes_on_walking_upright_after_a_cut():
    shot = script(subject("woman", action="walk"), place="street")
    before = build_world(shot, 33)
    end = filmed(before, 2.0).final
    after = build_world(shot, 33, after=end)
    motion = simulate(after, np.arange(25) / 48, is_cancelled=never)
    speeds = np.linalg.norm(np.diff(motion.positions, axis=0), axis=2) * 48
    trunk = [body(after, f"woman/{part}") for part in ("pelvis", "chest", "head")]
    assert speeds[:, trunk].max() < 2.5
    assert motion.positions[:, body(after, "woman/head"), 2].min() > 1.2
    assert after.actors[0].plan[0].towards[0] > end.bodies["woman/pelvis"].position[0] + 2.0


def test_limbs_bend_about_the_same_axes_after_a_cut():
    shot = script(subject("woman", action="dance"), place="stage")
    before = build_world(shot, 8)
    end = filmed(before, 1.3).final
    after = build_world(shot, 8, after=end)
    for old, new in zip(before.joints, after.joints, strict=True):
        last = [j.name for j in after.joints if j.child == new.child][-1] == new.name
        host = new.child if last else None
        if host is not None:  # the last of a limb's axes is fixed in the limb
            carried = turn_of(after.bodies[host]) @ turn_of(before.bodies[host]).T @ old.axis
            assert new.axis == pytest.approx(carried, abs=0.02)


def test_who_lay_when_a_shot_ended_stands_where_she_lay_in_the_next():
    lying = script(subject("woman", action="topple"))
    end = filmed(build_world(lying, 3), 4.0).final
    after = build_world(script(subject("woman", action="wave")), 3, after=end)
    pelvis, head = (body(after, f"woman/{part}") for part in ("pelvis", "head"))
    moved = np.subtract(after.bodies[pelvis].position, end.bodies["woman/pelvis"].position)
    assert np.hypot(*moved[:2]) < 0.3
    positions = filmed(after, 25 / 24).positions[:, [pelvis, head]]
    assert np.linalg.norm(np.diff(positions, axis=0), axis=2).max() * 24 < 1.0
    assert positions[:, 1, 2].min() > 1.3
