"""The end of a simulation: another goes on from it, and a hostile file does no harm."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.physics.state import state_from_json, state_to_json
from engine.engines.scene.scene.build import build_world
from engine.engines.scene.scene.resume import resumed
from tests.engine.worlds import pendulum, run, thing, world_of


def rolling():
    ball = thing("a steel ball", velocity=(1.5, 0.2, 0.0), spin=(0.0, 1.5 / 0.16, 0.0))
    return world_of(replace(ball, name="ball"))


@pytest.mark.parametrize(
    ("world", "tolerance"),
    [
        (rolling(), 1e-6),
        (pendulum(60.0), 1e-6),
        (build_world(read_prompt("three red balls fall"), seed=2), 1e-3),
        (build_world(read_prompt("ten crates fall"), seed=2), 0.05),
    ],
    ids=["rolling", "pendulum", "balls", "crates"],
)
def test_two_seconds_and_two_more_are_four(world, tolerance):
    whole, first = run(world, 4.0, fps=24), run(world, 2.0, fps=24)
    state = state_from_json(json.loads(json.dumps(state_to_json(first.final))))
    world = replace(resumed(world, state), start_seconds=state.seconds)
    second = run(world, 2.0, fps=24)
    assert state == first.final
    assert second.positions == pytest.approx(whole.positions[48:], abs=tolerance)
    assert second.final.seconds == pytest.approx(4.0)


def test_a_car_goes_on_as_fast_as_it_went():
    world = build_world(read_prompt("a red car on a street"), seed=1)
    whole, first = run(world, 3.0, fps=24), run(world, 1.5, fps=24)
    second = run(resumed(world, first.final), 1.5, fps=24)
    assert second.positions[:, 0] == pytest.approx(whole.positions[36:, 0], abs=0.02)


def test_what_is_cut_short_still_ends_somewhere():
    motion = simulate(rolling(), np.arange(10) / 24, is_cancelled=lambda: True)
    assert motion.final.bodies["ball"].velocity == pytest.approx((1.5, 0.2, 0.0))


def hostile(**change):
    state = state_to_json(run(rolling(), 0.1, fps=24).final)
    state = copy.deepcopy(state)
    body = state["bodies"]["ball"]
    for where, value in change.items():
        if where in body:
            body[where] = value
        else:
            state[where] = value
    return state


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "state",
        7,
        {},
        hostile(version=2),
        hostile(seconds=float("nan")),
        hostile(seconds=True),
        hostile(position=[0.0, float("inf"), 0.0]),
        hostile(position=[0.0, 1e9, 0.0]),
        hostile(position=[0.0, 10**400, 0.0]),
        hostile(position=[0.0, 0.0]),
        hostile(velocity="fast"),
        hostile(spin=[0.0, "0", 0.0]),
        hostile(rotation=[0.0] * 9),
        hostile(rotation=[1.0, 0, 0, 0, 1.0, 0, 0, 0, -1.0]),
        hostile(bodies={"x" * 300: {}}),
        hostile(bodies={str(i): {} for i in range(5000)}),
        hostile(angles={"hip": None}),
        hostile(angles=[1.0]),
    ],
)
def test_a_hostile_state_is_refused(value):
    with pytest.raises(ValueError, match=r"number|state|object|name|rotation"):
        state_from_json(value)
