"""Air: wind and drag on what is light, flat or fast; and the spin of free bodies, kept honest."""
# ruff: noqa: ANN001, ANN202, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math
from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numba
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.blocks import Blocks
from engine.engines.scene.physics.model import body_ids
from engine.engines.scene.scene.world import World

Array = NDArray[np.float64]

AIR_DENSITY = 1.2  # kg/m³
FLYING_KINDS = {"plane", "rocket", "kite", "bird", "balloon"}  # of actors that need air to fly
TIED_KINDS = {"kite", "balloon"}  # what would fly away, were it not for its string
LIFT = 1.5  # of its own weight, of what is tied
STRING, STRING_DAMPING, STRING_FORCE = 60.0, 9.0, 400.0  # 1/s², 1/s, m/s²: of a string's end
RUN_SECONDS = 1.6  # for which what comes in flying may run on its string
GUSTS = ((0.18, 0.9, 1.0), (0.1, 2.3, 4.0))  # share of the wind, rad/s, phase


def feels_air(world: World) -> list[bool]:
    """Which bodies the air presses on."""
    flying = {i for actor in world.actors if actor.kind in FLYING_KINDS for i in actor.bodies}
    return [any(world.wind) or body.floats or i in flying for i, body in enumerate(world.bodies)]


class Air:
    """The air of a world.

    Without wind only what flies feels it: the rest moves as in a textbook, and so can be checked.
    """

    def __init__(self, world: World, model: mujoco.MjModel, blocks: Blocks) -> None:
        self._world, self._model, self._blocks = world, model, blocks
        ids = body_ids(world, model)
        felt = feels_air(world)
        self._felt = np.zeros(model.nbody, dtype=np.bool_)
        self._felt[ids] = felt
        self._surface = 0.0 if world.place.water else -1e9
        self._is_still = not any(felt)
        self._strings = list(_strings(world, ids)) if any(world.wind) else []

    def __bool__(self) -> bool:
        return not self._is_still

    def step(self, data: mujoco.MjData) -> None:
        """Add the forces of the air to `xfrc_applied`."""
        seconds = self._world.start_seconds + data.time
        gust = 1.0 + sum(share * math.sin(rate * seconds + at) for share, rate, at in GUSTS)
        blocks = self._blocks
        _blow(
            blocks.body,
            blocks.at,
            blocks.turn,
            blocks.drag,
            self._felt,
            self._surface,
            np.array(self._world.wind) * gust,
            self._model.opt.timestep,
            data.xpos,
            data.xmat,
            data.xipos,
            data.cvel,
            data.subtree_com,
            self._model.body_rootid,
            self._model.body_mass,
            self._model.body_inertia,
            data.xfrc_applied,
        )
        for string in self._strings:
            self._tie(data, string)

    def _tie(self, data: mujoco.MjData, string: "_String") -> None:
        """Lift what is tied, and hold the end of its string."""
        body, turn = string.body, data.xmat[string.body].reshape(3, 3)
        mass = float(self._model.body_mass[body])
        end = data.xpos[body] + turn @ string.end
        both = np.empty(6)
        kind = mujoco.mjtObj.mjOBJ_BODY
        mujoco.mj_objectVelocity(self._model, data, kind, body, both, 0)
        velocity = both[3:] + np.cross(both[:3], end - data.xipos[body])
        pull = STRING * (string.anchor - end) - STRING_DAMPING * velocity
        pull *= min(1.0, STRING_FORCE / (float(np.linalg.norm(pull)) + 1e-9))
        lift = np.array((0.0, 0.0, LIFT * self._world.place.gravity))
        for force, at in ((pull, end), (lift, data.xpos[body] + turn @ string.top)):
            data.xfrc_applied[body, :3] += mass * force
            data.xfrc_applied[body, 3:] += np.cross(at - data.xipos[body], mass * force)


@dataclass(frozen=True, slots=True)
class _String:
    """The end of a string, and where it is held; `top` and `end` in the frame of the body, m."""

    body: int
    top: Array
    end: Array
    anchor: Array  # in the world


def _strings(world: World, ids: NDArray[np.int64]) -> Iterator[_String]:
    for body, number in zip(world.bodies, ids, strict=True):
        if body.floats and body.subject in TIED_KINDS:
            top = max(body.parts, key=lambda part: part.volume).at
            end = min(body.parts, key=lambda part: float(part.at[2]))
            low = end.at - end.rotation[:, 2] * end.size[1]
            turn = np.eye(3) if body.rotation is None else body.rotation
            anchor = np.array(body.position) + turn @ top - (top - low)
            anchor += RUN_SECONDS * np.array(body.velocity) * np.array((1.0, 1.0, 0.0))
            yield _String(int(number), top, low, anchor)


class Spin:
    """Free bodies that are longer one way than another; MuJoCo's Euler step makes them spin up.

    The torque of their own turning is taken half a step ahead, which makes it second order.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        inertia = model.body_inertia
        uneven = inertia.max(axis=1) > 1.02 * inertia.min(axis=1)
        is_free = np.zeros(model.nbody, dtype=bool)
        is_free[model.jnt_bodyid[model.jnt_type == mujoco.mjtJoint.mjJNT_FREE]] = True
        has_child = np.isin(np.arange(model.nbody), model.body_parentid[1:])
        self._bodies = np.flatnonzero(uneven & is_free & ~has_child)
        self._dofs = model.body_dofadr[self._bodies] + 3
        frames = np.empty((len(self._bodies), 9))
        for frame, body in zip(frames, self._bodies, strict=True):
            mujoco.mju_quat2Mat(frame, model.body_iquat[body])
        self._frames = frames
        self._inertia = np.ascontiguousarray(inertia[self._bodies])

    def __bool__(self) -> bool:
        return bool(len(self._bodies))

    def step(self, data: mujoco.MjData) -> None:
        """Set `qfrc_applied` of the bodies that turn."""
        _precess(
            self._dofs,
            self._frames,
            self._inertia,
            0.5 * self._model.opt.timestep,
            data.qvel,
            data.qfrc_applied,
        )


@numba.njit(cache=True)
def _turned(m, x, y, z):
    """A vector in the frame of a body, in the world; `m` is the body's (9,) rotation."""
    return (
        m[0] * x + m[1] * y + m[2] * z,
        m[3] * x + m[4] * y + m[5] * z,
        m[6] * x + m[7] * y + m[8] * z,
    )


@numba.njit(cache=True)
def _cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@numba.njit(cache=True)
def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@numba.njit(cache=True)
def _blow(
    block_body, block_at, block_turn, block_drag, felt, surface, wind, step, xpos, xmat, xipos,
    cvel, subtree_com, root, mass, inertia, applied,
):  # fmt: skip
    """Add the drag of the air on every block to `applied`.

    Numbers one by one: array expressions compile slowly, and `@` would need SciPy at run time.
    """
    bodies = mass.shape[0]
    force = np.zeros((bodies, 6))
    grip, turn_grip = np.zeros(bodies), np.zeros(bodies)
    for k in range(block_body.shape[0]):
        b = block_body[k]
        if not felt[b]:
            continue
        m, t = xmat[b], block_turn[k]
        x, y, z = _turned(m, block_at[k, 0], block_at[k, 1], block_at[k, 2])
        x, y, z = x + xpos[b, 0], y + xpos[b, 1], z + xpos[b, 2]
        if z < surface:
            continue
        com = subtree_com[root[b]]
        spin = (cvel[b, 0], cvel[b, 1], cvel[b, 2])
        ux, uy, uz = _cross(spin, (x - com[0], y - com[1], z - com[2]))
        through = (ux + cvel[b, 3] - wind[0], uy + cvel[b, 4] - wind[1], uz + cvel[b, 5] - wind[2])
        size = math.sqrt(_dot(through, through))
        px, py, pz, stiff = 0.0, 0.0, 0.0, 0.0
        for axis in range(3):
            along = _turned(m, t[0, axis], t[1, axis], t[2, axis])
            rate = 0.5 * AIR_DENSITY * block_drag[k, axis] * size
            much = rate * _dot(through, along)
            px, py, pz = px - much * along[0], py - much * along[1], pz - much * along[2]
            stiff = max(stiff, rate)
        arm = (x - xipos[b, 0], y - xipos[b, 1], z - xipos[b, 2])
        tx, ty, tz = _cross(arm, (px, py, pz))
        # A turning ball has no arm, but air rubs on it too.
        rubbing = 0.05 * stiff * max(block_drag[k, 0], block_drag[k, 2])
        force[b, 0] += px
        force[b, 1] += py
        force[b, 2] += pz
        force[b, 3] += tx - rubbing * spin[0]
        force[b, 4] += ty - rubbing * spin[1]
        force[b, 5] += tz - rubbing * spin[2]
        grip[b] += stiff
        turn_grip[b] += stiff * _dot(arm, arm) + rubbing
    for b in range(1, bodies):
        if grip[b] > 0.0 and mass[b] > 0.0:
            least = max(min(inertia[b, 0], inertia[b, 1], inertia[b, 2]), 1e-9)
            for axis in range(3):
                applied[b, axis] += force[b, axis] / (1.0 + step * grip[b] / mass[b])
                applied[b, axis + 3] += force[b, axis + 3] / (1.0 + step * turn_grip[b] / least)


@numba.njit(cache=True)
def _precess(dofs, frames, inertia, half_step, qvel, applied):
    """Write the torque of their own turning to `applied`; `frames` is (bodies, 9)."""
    for k in range(dofs.shape[0]):
        at, m = dofs[k], frames[k]
        wx, wy, wz = qvel[at], qvel[at + 1], qvel[at + 2]
        own = (inertia[k, 0], inertia[k, 1], inertia[k, 2])
        spin = (
            m[0] * wx + m[3] * wy + m[6] * wz,
            m[1] * wx + m[4] * wy + m[7] * wz,
            m[2] * wx + m[5] * wy + m[8] * wz,
        )
        torque = _cross(spin, (own[0] * spin[0], own[1] * spin[1], own[2] * spin[2]))
        ahead = (
            spin[0] - half_step * torque[0] / own[0],
            spin[1] - half_step * torque[1] / own[1],
            spin[2] - half_step * torque[2] / own[2],
        )
        later = _cross(ahead, (own[0] * ahead[0], own[1] * ahead[1], own[2] * ahead[2]))
        x, y, z = _turned(m, torque[0] - later[0], torque[1] - later[1], torque[2] - later[2])
        applied[at], applied[at + 1], applied[at + 2] = x, y, z
