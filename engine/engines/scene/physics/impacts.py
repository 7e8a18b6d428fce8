"""Impacts: two bodies that meet part by Newton's law of restitution, in an instant.

MuJoCo's contacts are springs: good at rest and in a slide, but what a spring and damper give back
depends on where in a time step they meet. So whatever approaches faster than `MIN_IMPACT_SPEED` is
turned back by an impulse first (with Coulomb friction), and the springs only hold what rests.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numba
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.model import LIMB_GROUP

MIN_IMPACT_SPEED = 0.05  # m/s
MIN_DULL_SPEED = 0.3  # m/s, of what does not bounce at all: slower, its springs damp it better
LIVELY_SPEED = 0.15  # m/s: what comes slower than about this gives back less, and comes to rest
MIN_BOUNCE = 0.06  # restitution below which a limb is held by springs alone
TOUCH_SECONDS = 0.1  # a limb that lifts for longer than this touches anew
HARD = -1  # in place of a pair of bodies: these part by an impulse
LIMB_WEIGHT = 3.0  # a foot that lands brings some of its leg
MAX_ROUNDS = 40  # of one blow passed on through a pile
SWEEPS = 12
MAX_TURNS = 6  # of looking again for contacts after blows

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Blow:
    """What one impact did between two geoms."""

    geoms: tuple[int, int]
    speed: float  # of approach along the normal, m/s
    impulse: float  # along the normal, N·s
    position: tuple[float, float, float]


class Impacts:
    """Finds and resolves the impacts of a step; `restitution` is by pair of geoms."""

    def __init__(self, model: mujoco.MjModel, restitution: Array) -> None:
        self._model = model
        self._restitution = restitution
        self._gravity = float(np.linalg.norm(model.opt.gravity))
        self._momenta = np.empty(model.nv)
        # Limbs hardly bounce and touch all the time: springs hold them, only the touch is told.
        is_limb = model.geom_group == LIMB_GROUP
        is_soft = (is_limb[:, None] | is_limb[None, :]) & (restitution < MIN_BOUNCE)
        body = model.geom_bodyid.astype(np.int64)
        pairs = np.maximum.outer(body, body) * model.nbody + np.minimum.outer(body, body)
        self._soft_pairs = np.where(is_soft, pairs, HARD)  # of geoms: the pair of their bodies
        self._touched: dict[int, float] = {}  # pair of bodies → when last

    def resolve(self, data: mujoco.MjData) -> list[Blow]:
        """Turn back what approaches now; to be called between `mj_step1` and `mj_step2`.

        A blow passes on from pair to pair, the fastest first, as through Newton's cradle; what it
        brings into touch is struck in the next turn, before a spring could slow it.
        """
        blows: list[Blow] = []
        is_all_soft = self._touch(data, blows)
        for _ in range(0 if is_all_soft else MAX_TURNS):
            struck = self._strike(data)
            if not struck:
                break
            blows += struck
            mujoco.mj_step1(self._model, data)  # contacts and velocities after the blows
        return blows

    def _touch(self, data: mujoco.MjData, blows: list[Blow]) -> bool:
        """Add a blow for each limb that touches something now, and did not a moment ago.

        Returns whether nothing but limbs touches.
        """
        contact, now = data.contact, float(data.time)
        geoms, rows = contact.geom, contact.efc_address
        pairs = self._soft_pairs[geoms[:, 0], geoms[:, 1]]
        is_all_soft = True
        # One by one: they are few, and arrays of few numbers cost more than they save.
        for k, (pair, row) in enumerate(zip(pairs.tolist(), rows.tolist(), strict=True)):
            if row < 0:
                continue
            if pair == HARD:
                is_all_soft = False
                continue
            last = self._touched.get(pair, -1.0)
            self._touched[pair] = now
            if now - last > TOUCH_SECONDS:
                speed = -float(data.efc_vel[row])
                if speed > MIN_IMPACT_SPEED:
                    mass = self._model.body_mass[list(divmod(pair, self._model.nbody))]
                    x, y, z = (float(v) for v in contact.pos[k])
                    impulse = LIMB_WEIGHT * float(mass[mass > 0.0].min()) * speed
                    blows.append(
                        Blow((int(geoms[k][0]), int(geoms[k][1])), speed, impulse, (x, y, z))
                    )
        return is_all_soft

    def _strike(self, data: mujoco.MjData) -> list[Blow]:
        contact = data.contact
        touching, addresses = contact.geom, contact.efc_address
        hard = self._soft_pairs[touching[:, 0], touching[:, 1]] == HARD
        active = np.flatnonzero((addresses >= 0) & hard)
        if not active.size:
            return []
        rows = addresses[active]
        speeds = data.efc_vel[rows]
        if speeds.min() > -MIN_IMPACT_SPEED:
            return []
        geoms = touching[active]
        bounces = self._restitution[geoms[:, 0], geoms[:, 1]]
        least = np.where(bounces > 0.0, MIN_IMPACT_SPEED, MIN_DULL_SPEED)
        pairs = self._model.geom_bodyid[geoms]
        keys = pairs.max(axis=1) * self._model.nbody + pairs.min(axis=1)
        blows: list[Blow] = []
        all_speeds = np.empty(data.nefc)
        for _ in range(MAX_ROUNDS):
            worst = int((speeds + least).argmin())
            if speeds[worst] > -least[worst]:
                break
            together = np.flatnonzero(keys == keys[worst])
            blows.append(self._part(data, active[together], speeds[together]))
            mujoco.mj_mulJacVec(self._model, data, all_speeds, data.qvel)
            speeds = all_speeds[rows]
        return blows

    def _part(self, data: mujoco.MjData, contacts: NDArray[np.intp], speeds: Array) -> Blow:
        """Give the two bodies of these contacts the velocities they part with."""
        worst = int(contacts[speeds.argmin()])
        geoms = data.contact.geom[worst]
        bounce = float(self._restitution[geoms[0], geoms[1]])
        depth = max(0.0, -float(data.contact.dist[worst]))
        fall = self._gravity * abs(float(data.contact.frame[worst][2]))
        # Velocities are those of half a step ago. They met `late` seconds ago, a little slower
        # than they are now that they overlap, and have been parting since.
        ahead = 0.5 * fall * self._model.opt.timestep
        fastest = -float(speeds.min())
        now = fastest + ahead
        met = math.sqrt(max(0.0, now * now - 2.0 * fall * depth))
        late = min(2.0 * depth / (now + met), self._model.opt.timestep)
        bounce *= min(1.0, max(0.0, fastest - MIN_IMPACT_SPEED) / LIVELY_SPEED)
        parting = np.maximum(0.0, -bounce * met / fastest * speeds - fall * late + ahead)
        change, impulse = self._impulse(data, contacts, parting)
        change *= self._lossy(data, change)
        data.qvel += change
        mujoco.mj_integratePos(self._model, data.qpos, change, late)
        x, y, z = (float(v) for v in data.contact.pos[worst])
        return Blow((int(geoms[0]), int(geoms[1])), met, impulse, (x, y, z))

    def _impulse(
        self, data: mujoco.MjData, contacts: NDArray[np.intp], parting: Array
    ) -> tuple[Array, float]:
        """Change of qvel after which the contacts part so fast, and the sum of normal impulses.

        Projected Gauss-Seidel over the normals and the friction of all contacts of the pair.
        """
        jacobian = np.concatenate(list(self._jacobians(data, contacts)))
        answer = np.empty_like(jacobian)
        mujoco.mj_solveM(self._model, data, answer, jacobian)
        mobility = jacobian @ answer.T
        velocity = jacobian @ data.qvel
        wanted = np.zeros(len(velocity))
        wanted[::3] = parting
        push = np.zeros(len(velocity))
        friction = np.ascontiguousarray(data.contact.friction[contacts, 0])
        _settle(mobility, velocity, wanted, push, friction)
        return push @ answer, float(push[::3].sum())

    def _jacobians(self, data: mujoco.MjData, contacts: NDArray[np.intp]) -> Iterator[Array]:
        """(3, nv) of each contact: along its normal and two tangents."""
        first, second = np.empty((3, self._model.nv)), np.empty((3, self._model.nv))
        for contact in contacts:
            a, b = self._model.geom_bodyid[data.contact.geom[contact]]
            at = data.contact.pos[contact]
            mujoco.mj_jac(self._model, data, first, None, at, int(a))
            mujoco.mj_jac(self._model, data, second, None, at, int(b))
            yield data.contact.frame[contact].reshape(3, 3) @ (second - first)

    def _lossy(self, data: mujoco.MjData, change: Array) -> float:
        """The share of a change of velocity that adds no kinetic energy; 1 nearly always."""
        mujoco.mj_mulM(self._model, data, self._momenta, change)
        linear = float(self._momenta @ data.qvel)
        square = 0.5 * float(self._momenta @ change)
        return 1.0 if linear + square <= 0.0 or square <= 0.0 else max(0.0, -linear / square)


@numba.njit(cache=True)
def _settle(mobility: Array, velocity: Array, wanted: Array, push: Array, friction: Array) -> None:
    """Find the pushes of all contacts; `velocity` and `push` are changed in place."""
    contacts = len(friction)
    for _ in range(1 if contacts == 1 else SWEEPS):
        for k in range(contacts):
            n = 3 * k
            before = (push[n], push[n + 1], push[n + 2])
            push[n] = max(0.0, push[n] + (wanted[n] - velocity[n]) / mobility[n, n])
            for i in range(len(velocity)):
                velocity[i] += mobility[i, n] * (push[n] - before[0])
            for t in (n + 1, n + 2):
                push[t] -= velocity[t] / max(mobility[t, t], 1e-12)
            size, most = math.hypot(push[n + 1], push[n + 2]), friction[k] * push[n]
            if size > most:
                push[n + 1] *= most / size
                push[n + 2] *= most / size
            for i in range(len(velocity)):
                velocity[i] += mobility[i, n + 1] * (push[n + 1] - before[1])
                velocity[i] += mobility[i, n + 2] * (push[n + 2] - before[2])
