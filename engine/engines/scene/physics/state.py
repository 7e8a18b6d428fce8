"""State: how a simulation ended, as values and as JSON; `scene.resume` goes on from it."""

import math
from collections.abc import Mapping
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.language.vocabulary import Vector
from engine.engines.scene.physics.model import body_ids
from engine.engines.scene.scene.solids import Body
from engine.engines.scene.scene.world import BodyState, World, WorldState

VERSION = 1
MOST_BODIES = 2000
MOST_NAME = 200  # characters
FARTHEST = 1.0e3  # m, m/s, rad/s: more than this no clip holds
LONGEST = 1.0e5  # s, degrees


def body_name(body: Body, number: int) -> str:
    """The name of a world's body in its state; those without one go by their number."""
    return body.name or f"{body.subject} #{number}"


def joint_name(world: World, number: int) -> str:
    """The name of a world's joint in its state: "actor/joint"."""
    joint = world.joints[number]
    child = world.bodies[joint.child].name.split("/")[0]
    owner = next((actor.name for actor in world.actors if joint.child in actor.bodies), child)
    return f"{owner}/{joint.name or f'joint {number}'}"


def end_of(world: World, model: mujoco.MjModel, data: mujoco.MjData) -> WorldState:
    """How every body and every hinge is now."""
    for bring_up in (mujoco.mj_kinematics, mujoco.mj_comPos, mujoco.mj_comVel):
        bring_up(model, data)
    bodies: dict[str, BodyState] = {}
    for i, number in enumerate(body_ids(world, model)):
        turn = data.xmat[number].reshape(3, 3)
        velocity, spin = _velocity(model, data, int(number))
        bodies[body_name(world.bodies[i], i)] = BodyState(
            position=_vector(data.xpos[number]),
            rotation=tuple(float(v) for v in turn.ravel()),
            velocity=velocity,
            spin=spin,
        )
    angles = {
        joint_name(world, k): math.degrees(float(data.qpos[model.joint(f"q{k}").qposadr[0]]))
        for k, joint in enumerate(world.joints)
        if joint.kind == "hinge"
    }
    seconds = world.start_seconds + float(data.time)
    return WorldState(seconds=seconds, bodies=bodies, angles=angles)


def _velocity(model: mujoco.MjModel, data: mujoco.MjData, number: int) -> tuple[Vector, Vector]:
    """Of the origin of a body's frame, m/s, and its spin, rad/s; both along the world's axes."""
    dof, dofs = int(model.body_dofadr[number]), int(model.body_dofnum[number])
    if dofs == 6 and model.body_jntnum[number] == 1:  # exactly what it was set to
        turn = data.xmat[number].reshape(3, 3)
        return _vector(data.qvel[dof : dof + 3]), _vector(turn @ data.qvel[dof + 3 : dof + 6])
    both = np.empty(6)
    mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_XBODY, number, both, 0)
    return _vector(both[3:]), _vector(both[:3])


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)


# ── as JSON ────────────────────────────────────────────────────────────────────────────


def state_to_json(state: WorldState) -> dict[str, Any]:
    """The state as plain values, for `json.dumps`."""
    return {
        "version": VERSION,
        "seconds": state.seconds,
        "bodies": {
            name: {
                "position": list(body.position),
                "rotation": list(body.rotation),
                "velocity": list(body.velocity),
                "spin": list(body.spin),
            }
            for name, body in state.bodies.items()
        },
        "angles": dict(state.angles),
    }


def state_from_json(value: object) -> WorldState:
    """Read what `state_to_json` wrote.

    Raises:
        ValueError: it is no such value, or a number in it is not finite or out of all bounds.
    """
    raw = _mapping(value, "state")
    if raw.get("version") != VERSION:
        raise ValueError(f"this state has not version {VERSION}")
    bodies = {
        _name(name): _body(_mapping(row, f"body {name}"))
        for name, row in _mapping(raw.get("bodies"), "bodies").items()
    }
    angles = {
        _name(name): _number(angle, LONGEST)
        for name, angle in _mapping(raw.get("angles"), "angles").items()
    }
    seconds = _number(raw.get("seconds"), LONGEST)
    if seconds < 0.0:
        raise ValueError("the number of seconds is below 0")
    return WorldState(seconds=seconds, bodies=bodies, angles=angles)


def _body(raw: Mapping[str, Any]) -> BodyState:
    rotation = _numbers(raw.get("rotation"), 9)
    turn = np.array(rotation).reshape(3, 3)
    if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-3) or np.linalg.det(turn) < 0.0:
        raise ValueError("a rotation is none")
    return BodyState(
        position=_vector(np.array(_numbers(raw.get("position"), 3))),
        rotation=rotation,
        velocity=_vector(np.array(_numbers(raw.get("velocity"), 3))),
        spin=_vector(np.array(_numbers(raw.get("spin"), 3))),
    )


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or len(value) > MOST_BODIES:
        raise ValueError(f"{what[:MOST_NAME]} is no object, or too large")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_NAME:
        raise ValueError("a name is no text, or too long")
    return value


def _numbers(value: object, count: int) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != count:
        raise ValueError(f"{count} numbers are wanted")
    return tuple(_number(one) for one in value)


def _number(value: object, most: float = FARTHEST) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
        raise ValueError("a number is wanted, within bounds")  # also for what is not a number
    return float(value)
