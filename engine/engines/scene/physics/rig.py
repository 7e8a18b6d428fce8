"""Rig: the joints, legs and arms of one figure in MuJoCo's terms, and where a limb must bend to."""

import math
from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.scene.world import Actor, World

Array = NDArray[np.float64]
Vector = tuple[float, float, float]
Turn = Sequence[float]  # the nine numbers of a rotation matrix, row by row
REACH = 0.9985  # of a limb's length: a limb stretched to the end has no way to go on


@dataclass(frozen=True, slots=True)
class Leg:
    """A limb that stands: places in the frame of the root, metres."""

    side: float  # +1 left, -1 right
    is_hind: bool
    hip: Array
    lower_body: int  # MuJoCo's number of the body that the sole is part of
    upper: float  # lengths
    lower: float
    bends_back: bool  # the middle joint: a knee bends forward, an elbow of a foreleg back
    joints: tuple[int, ...]  # turn, spread, bend, middle, [ankle bend, ankle lean]
    dofs: NDArray[np.int64]  # MuJoCo's numbers of the freedoms of these joints
    last_joint: int  # MuJoCo's number of the last of them
    sole_geom: int  # MuJoCo's number of what touches
    sole: float  # height of the ankle (or paw) above what it stands on
    ball: float  # from below the ankle to the front and the back of the sole
    heel: float
    rest: Array  # below the hip on the ground, in the frame of the root


@dataclass(frozen=True, slots=True)
class Arm:
    """A limb that reaches: places in the frame of the chest, metres."""

    side: float
    shoulder: Array
    upper: float
    lower: float  # to the palm
    hand_body: int
    joints: tuple[int, int, int, int]  # raise, spread, turn, elbow
    palm: Array  # in the frame of the hand


class Rig:
    """Addresses of one actor's joints in the model, and its measures, taken with all angles 0."""

    def __init__(
        self, world: World, model: mujoco.MjModel, data: mujoco.MjData, actor: Actor
    ) -> None:
        self.model = model
        self.bodies = {
            world.bodies[i].name.rsplit("/", 1)[-1]: model.body(f"b{i}").id for i in actor.bodies
        }
        self.indices = list(actor.bodies)
        self.ids = np.array([model.body(f"b{i}").id for i in actor.bodies])
        self.root = int(self.ids[0])
        free = model.joint(f"j{actor.bodies[0]}")
        self.root_q, self.root_v = int(free.qposadr[0]), int(free.dofadr[0])
        own = set(actor.bodies)
        numbers = [k for k, j in enumerate(world.joints) if j.child in own and j.kind == "hinge"]
        self.names = [world.joints[k].name for k in numbers]
        self.index = {name: i for i, name in enumerate(self.names)}
        joints = [model.joint(f"q{k}") for k in numbers]
        self.q = np.array([int(j.qposadr[0]) for j in joints])
        self.v = np.array([int(j.dofadr[0]) for j in joints])
        self.servos = np.array([model.actuator(f"m{k}").id for k in numbers])
        self.stiffness = model.actuator_gainprm[self.servos, 0].copy()
        self.damping = model.dof_damping[self.v].copy()
        self._tension = 1.0
        ranges = np.array([j.range for j in joints])
        self.low, self.high = ranges[:, 0], ranges[:, 1]
        self.mass = float(model.body_mass[self.ids].sum())
        self.body_of: list[int] = model.geom_bodyid.tolist()
        geoms = set(np.flatnonzero(np.isin(model.geom_bodyid, self.ids)).tolist())
        self.is_mine = [g in geoms for g in range(model.ngeom)]
        self._measure(model, data)

    def tense(self, factor: float) -> None:
        """Make all servos so many times as stiff and as strong as they are at rest."""
        change = factor / self._tension
        self._tension = factor
        self.stiffness, self.damping = self.stiffness * change, self.damping * math.sqrt(change)
        self.model.actuator_gainprm[self.servos, 0] = self.stiffness
        self.model.actuator_biasprm[self.servos, 1] = -self.stiffness
        self.model.actuator_forcerange[self.servos] *= change
        self.model.dof_damping[self.v] = self.damping

    def _measure(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        kept = data.qpos.copy()
        data.qpos[self.q] = 0.0
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        turn, at = data.xmat[self.root].reshape(3, 3).copy(), data.xpos[self.root].copy()
        self._turn, self._at, self._data = turn, at, data
        soles = [
            float((turn.T @ (data.geom_xpos[g] - at))[2] - self._half_height(g))
            for g in model.body_geomadr[
                self.ids
            ]  # the first part of a limb is the one that touches
        ]
        self.ground = min(soles)  # of the root's frame, when it stands with straight legs
        self.legs = [leg for leg in map(self._leg, LEGS) if leg]
        self.arms = [arm for arm in map(self._arm, (1.0, -1.0)) if arm]
        self.inertia = turn.T @ self._whole_inertia(model, data) @ turn  # in the root's frame
        self.inertia_rows: Turn = self.inertia.ravel().tolist()
        self.centre = turn.T @ (data.subtree_com[self.root] - at)
        self.chest = self.bodies.get("chest", self.root)
        data.qpos[:] = kept
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)

    def _whole_inertia(self, model: mujoco.MjModel, data: mujoco.MjData) -> Array:
        """Of the whole figure about its middle, kg·m², in the world."""
        turn = data.ximat[self.ids].reshape(-1, 3, 3)
        own = np.einsum("bij,bj,bkj->ik", turn, model.body_inertia[self.ids], turn)
        arm = data.xipos[self.ids] - data.subtree_com[self.root]
        mass = model.body_mass[self.ids]
        far = np.sum(mass * np.sum(arm**2, axis=1)) * np.eye(3)
        return np.asarray(own + far - np.einsum("b,bi,bj->ij", mass, arm, arm))

    def _half_height(self, geom: int) -> float:
        kind, size = self.model.geom_type[geom], self.model.geom_size[geom]
        if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
            return float(size[0])
        if kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
            up = abs(self._data.geom_xmat[geom][8])
            return float(size[0] + size[1] * up)
        return float(size[2])

    def _anchor(self, joint: int) -> Array:
        """Where a joint is, in the frame of the root, with all angles 0."""
        data = self._data
        number = int(self.model.dof_jntid[self.v[joint]])
        return np.asarray(self._turn.T @ (data.xanchor[number] - self._at))

    def _leg(self, names: tuple[str, ...]) -> Leg | None:
        if names[2] not in self.index:
            return None
        joints = tuple(self.index[n] for n in names if n in self.index)
        hip, knee = self._anchor(joints[2]), self._anchor(joints[3])
        lower_body = int(self.model.dof_bodyid[self.v[joints[-1]]])
        geom = int(self.model.body_geomadr[lower_body])
        sole = self._turn.T @ (self._data.geom_xpos[geom] - self._at)
        if len(joints) > 4:
            ankle = self._anchor(joints[4])
            half = float(self.model.geom_size[geom][1])
        else:
            ankle, half = sole.copy(), 0.0
            ankle[2] = self.ground + self._half_height(geom)
        first = names[2].split("_", 1)[1]
        return Leg(
            side=1.0 if names[2].startswith("left") else -1.0,
            is_hind=first.startswith(("hip", "haunch")),
            hip=hip,
            lower_body=lower_body,
            dofs=self.v[list(joints)],
            last_joint=int(self.model.dof_jntid[self.v[joints[-1]]]),
            sole_geom=geom,
            upper=float(np.linalg.norm(hip - knee)),
            lower=float(np.linalg.norm(knee - ankle)),
            bends_back=first.startswith("shoulder"),
            joints=joints,
            sole=float(ankle[2] - self.ground),
            ball=float(ankle[1] - sole[1] + half) * 0.8,
            heel=float(sole[1] + half - ankle[1]),
            rest=np.array((ankle[0], ankle[1], self.ground)),
        )

    def _arm(self, side: float) -> Arm | None:
        which = "left" if side > 0 else "right"
        if f"{which}_elbow" not in self.index or f"{which} hand" not in self.bodies:
            return None
        names = ("shoulder_raise", "shoulder_spread", "shoulder_turn", "elbow")
        joints = tuple(self.index[f"{which}_{n}"] for n in names)
        shoulder, elbow = self._anchor(joints[0]), self._anchor(joints[3])
        hand = self.bodies[f"{which} hand"]
        palm_root = self._turn.T @ (self._data.xpos[hand] - self._at)
        palm_root = palm_root + 0.35 * (palm_root - elbow) / np.linalg.norm(palm_root - elbow) * 0.1
        chest = self.bodies["chest"]
        chest_at = self._turn.T @ (self._data.xpos[chest] - self._at)
        return Arm(
            side=side,
            shoulder=shoulder - chest_at,
            upper=float(np.linalg.norm(shoulder - elbow)),
            lower=float(np.linalg.norm(elbow - palm_root)),
            hand_body=hand,
            joints=(joints[0], joints[1], joints[2], joints[3]),
            palm=palm_root - self._turn.T @ (self._data.xpos[hand] - self._at),
        )


def _named(side: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{side}_{name}" for name in names)


LEGS = tuple(
    _named(side, *names)
    for names in (
        ("hip_turn", "hip_spread", "hip_bend", "knee", "ankle_bend", "ankle_lean"),
        ("foreleg_turn", "foreleg_spread", "shoulder_bend", "foreleg_elbow"),
        ("haunch_turn", "haunch_spread", "haunch_bend", "hock"),
    )
    for side in ("left", "right")
)


def bend_leg(
    leg: Leg,
    target: Vector,
    turn: float,
    pitch: float,
    tilt: tuple[float, float],
    out: MutableSequence[float],
) -> float:
    """Angles that bring the ankle to `target` (frame of the root); returns by how much it misses.

    Args:
        leg: which.
        target: where its ankle shall be.
        turn: of the foot about the vertical, outwards, radians.
        pitch: of the foot above the horizontal, toe up, radians.
        tilt: pitch forward and lean to the left of the root itself, radians.
        out: angles of the figure's joints, written to.
    """
    hip_x, hip_y, hip_z = leg.hip.tolist()
    x, y, z = (target[0] - hip_x) * leg.side, target[1] - hip_y, target[2] - hip_z
    c, s = math.cos(turn), math.sin(turn)
    x, y = c * x + s * y, c * y - s * x
    spread = math.atan2(x, -z)
    down = math.hypot(x, z)
    far = math.hypot(y, down)
    most = (leg.upper + leg.lower) * REACH
    length = min(max(far, abs(leg.upper - leg.lower) * 1.05 + 0.02), most)
    u, w = leg.upper, leg.lower
    middle = math.pi - math.acos(_unit((u * u + w * w - length * length) / (2.0 * u * w)))
    lean = math.acos(_unit((u * u + length * length - w * w) / (2.0 * u * length)))
    bend = math.atan2(-y, down) + (-lean if leg.bends_back else lean)
    joints = leg.joints
    if len(joints) > 3 and len(joints) < 6:
        out[joints[0]], out[joints[1]] = turn, spread
        out[joints[2]], out[joints[3]] = bend, middle
        return max(0.0, far - most)
    out[joints[0]], out[joints[1]] = turn, spread
    out[joints[2]], out[joints[3]] = bend, middle
    out[joints[4]] = pitch - (bend - middle) + tilt[0]
    out[joints[5]] = -spread + leg.side * tilt[1]
    return max(0.0, far - most)


def bend_arm(arm: Arm, target: Array, out: MutableSequence[float], pole: Vector) -> float:
    """Angles that bring the palm to `target` (frame of the chest); returns by how much it misses.

    `pole` is where the elbow would rather be, seen from the shoulder of a left arm.
    """
    x, y, z = (float(v) for v in target - arm.shoulder)
    x *= arm.side
    far = math.sqrt(x * x + y * y + z * z) + 1e-9
    most = (arm.upper + arm.lower) * 0.995
    length = min(max(far, 0.12), most)
    u, w = arm.upper, arm.lower
    tx, ty, tz = x / far, y / far, z / far
    along = pole[0] * tx + pole[1] * ty + pole[2] * tz
    px, py, pz = pole[0] - along * tx, pole[1] - along * ty, pole[2] - along * tz
    size = math.sqrt(px * px + py * py + pz * pz) + 1e-9
    at = _unit((u * u + length * length - w * w) / (2.0 * u * length))
    off = math.sqrt(1.0 - at * at) / size
    ex, ey, ez = at * tx + off * px, at * ty + off * py, at * tz + off * pz
    elbow = math.pi - math.acos(_unit((u * u + w * w - length * length) / (2.0 * u * w)))
    spread = math.asin(_unit(ex))
    lift = math.atan2(-ey, -ez)
    # The forearm in the frame of the upper arm before its own turn: undo raise, then spread.
    fx, fy, fz = length * tx - u * ex, length * ty - u * ey, length * tz - u * ez
    c, s = math.cos(lift), math.sin(lift)
    fy, fz = c * fy - s * fz, s * fy + c * fz
    c, s = math.cos(spread), math.sin(spread)
    fx = c * fx + s * fz
    j = arm.joints
    out[j[0]], out[j[1]], out[j[3]] = lift, spread, elbow
    out[j[2]] = math.atan2(fx, -fy) if elbow > 0.05 else 0.0
    return max(0.0, far - most)


def _unit(v: float) -> float:
    return -1.0 if v < -1.0 else min(v, 1.0)


def yaw_of(turn: Array) -> float:
    """Where a root looks (its -y), radians from +x towards +y."""
    return math.atan2(-turn[1, 1], -turn[0, 1])


def facing(heading: float, pitch: float = 0.0, lean: float = 0.0) -> Array:
    """The matrix of a root that looks along `heading`, bows by `pitch` and leans to its left."""
    return np.array(turn_facing(heading, pitch, lean)).reshape(3, 3)


def turn_facing(heading: float, pitch: float, lean: float) -> Turn:
    """What `facing` returns, row by row."""
    a = heading + 0.5 * math.pi
    ca, sa = math.cos(a), math.sin(a)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cl, sl = math.cos(lean), math.sin(lean)
    # The turn about z of what leans about y, then bows about x.
    return (
        ca * cl - sa * sp * sl,
        -sa * cp,
        ca * sl + sa * sp * cl,
        sa * cl + ca * sp * sl,
        ca * cp,
        sa * sl - ca * sp * cl,
        -cp * sl,
        sp,
        cp * cl,
    )


def rotation_between(a: Array, b: Array) -> Array:
    """Rotation vector (world) that takes orientation `a` to `b`."""
    return np.array(turned_by(a.ravel().tolist(), b.ravel().tolist()))


def turned_by(a: Turn, b: Turn) -> Vector:
    """What `rotation_between` returns, of orientations row by row."""
    a0, a1, a2, a3, a4, a5, a6, a7, a8 = a
    b0, b1, b2, b3, b4, b5, b6, b7, b8 = b
    x = b6 * a3 + b7 * a4 + b8 * a5 - b3 * a6 - b4 * a7 - b5 * a8
    y = b0 * a6 + b1 * a7 + b2 * a8 - b6 * a0 - b7 * a1 - b8 * a2
    z = b3 * a0 + b4 * a1 + b5 * a2 - b0 * a3 - b1 * a4 - b2 * a5
    sine = 0.5 * math.sqrt(x * x + y * y + z * z)
    trace = b0 * a0 + b1 * a1 + b2 * a2 + b3 * a3 + b4 * a4 + b5 * a5 + b6 * a6 + b7 * a7 + b8 * a8
    angle = math.atan2(sine, 0.5 * (trace - 1.0))
    share = 0.5 * angle / sine if sine > 1e-6 else 0.5
    return (share * x, share * y, share * z)


def along(turn: Turn, v: Sequence[float]) -> Vector:
    """A vector of a frame, in the world: its matrix times it."""
    x, y, z = v
    return (
        turn[0] * x + turn[1] * y + turn[2] * z,
        turn[3] * x + turn[4] * y + turn[5] * z,
        turn[6] * x + turn[7] * y + turn[8] * z,
    )


def turned_with(frame: Turn, turn: Turn) -> Turn:
    """A turn of a frame, in the world: the product of their matrices."""
    a, b, c, d, e, f, g, h, i = turn
    (p, q, r), (s, t, u), (v, w, x) = (along(frame, v) for v in ((a, d, g), (b, e, h), (c, f, i)))
    return (p, s, v, q, t, w, r, u, x)


def within(turn: Turn, v: Sequence[float]) -> Vector:
    """A vector of the world, in a frame: its matrix transposed, times it."""
    x, y, z = v
    return (
        turn[0] * x + turn[3] * y + turn[6] * z,
        turn[1] * x + turn[4] * y + turn[7] * z,
        turn[2] * x + turn[5] * y + turn[8] * z,
    )
