"""Physics: a world → how every body moves and what it touches, by rigid-body simulation (MuJoCo)."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.scene import World
from engine.engines.scene.solids import Body, Part
from engine.engines.scene.tracer_sky import ROOM_FRONT, ROOM_HALF_WIDTH
from engine.engines.scene.vocabulary import Material, vocabulary

STEP_SECONDS = 1.0 / 960.0
CONTACT_SECONDS = 0.016  # half a period of the contact spring; sinks 0.3 mm under its own weight
QUIET_SECONDS = 0.04  # two touches of one pair closer than this are one event
MIN_IMPACT_SPEED = 0.06  # m/s
ROLLING_FRICTION = 0.0005  # m, between two bodies
SPINNING_FRICTION = 0.004  # m
HOP_SECONDS = 0.55
GROUND = -1


@dataclass(frozen=True, slots=True)
class Contact:
    """One impact: two bodies (or a body and GROUND) that met."""

    seconds: float  # of simulated time
    body: int
    other: int
    material: Material
    other_material: Material
    speed: float  # of approach along the normal, m/s
    impulse: float  # N·s until they part, at most 40 ms
    position: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Motion:
    """What the simulation saw, once a frame."""

    positions: NDArray[np.float64]  # (frames, bodies, 3)
    rotations: NDArray[np.float64]  # (frames, bodies, 3, 3)
    rolling: NDArray[np.float64]  # (frames, bodies): speed over what it touches, m/s; 0 in the air
    energy: NDArray[np.float64]  # (frames,) kinetic + potential, J
    contacts: tuple[Contact, ...]

    def between(self, frames: range) -> "Motion":
        """The same simulation, seen in these frames only; contacts keep their times."""
        cut = slice(frames.start, frames.stop)
        return replace(
            self,
            positions=self.positions[cut],
            rotations=self.rotations[cut],
            rolling=self.rolling[cut],
            energy=self.energy[cut],
        )


def simulate(
    world: World, frame_seconds: NDArray[np.float64], *, is_cancelled: Callable[[], bool]
) -> Motion:
    """Run the world and sample it at the given times (seconds, rising, from 0).

    Stops early, with the last state repeated, when `is_cancelled` answers true.
    """
    model = mujoco.MjModel.from_xml_string(_model_xml(world))
    data = mujoco.MjData(model)
    _set_velocities(world, model, data)
    mujoco.mj_forward(model, data)
    bodies, frames = len(world.bodies), len(frame_seconds)
    motion = Motion(
        positions=np.empty((frames, bodies, 3)),
        rotations=np.empty((frames, bodies, 3, 3)),
        rolling=np.zeros((frames, bodies)),
        energy=np.empty(frames),
        contacts=(),
    )
    listener = _Listener(world, model)
    hoppers = [i for i, body in enumerate(world.bodies) if body.hops]
    for frame, until in enumerate(frame_seconds):
        cancelled = is_cancelled()
        while data.time < until - 0.5 * STEP_SECONDS and not cancelled:
            for i in hoppers:
                _hop(world, model, data, i)
            mujoco.mj_step(model, data)
            listener.listen(data)
        motion.positions[frame] = data.xpos[1:]
        motion.rotations[frame] = data.xmat[1:].reshape(bodies, 3, 3)
        motion.energy[frame] = float(data.energy.sum())
        motion.rolling[frame] = listener.rolling_speeds(data)
    return Motion(
        positions=motion.positions,
        rotations=motion.rotations,
        rolling=motion.rolling,
        energy=motion.energy,
        contacts=listener.contacts(),
    )


@cache
def damping_ratio(restitution: float) -> float:
    """Damping of a contact spring that gives back `restitution` of the speed.

    A spring and damper that only push (Schwager & Pöschel 2007, "Coefficient of restitution and linear-dashpot
    model revisited", eq. 20), solved for the ratio by halving.
    """
    low, high = 0.0, 0.999
    for _ in range(50):
        z = 0.5 * (low + high)
        root = math.sqrt(1.0 - z * z)
        if z < math.sqrt(0.5):
            angle = math.pi - math.atan(2.0 * z * root / (1.0 - 2.0 * z * z))
        else:
            angle = math.atan(2.0 * z * root / (2.0 * z * z - 1.0))
        if math.exp(-z / root * angle) > restitution:
            low = z
        else:
            high = z
    return 0.5 * (low + high)


# ── the model ───────────────────────────────────────────────────────────────────────────────────────────


def _model_xml(world: World) -> str:
    place = world.place
    geoms: list[tuple[str, Material, bool, int]] = []  # name, material, is round, body
    body_xml, meshes = [], []
    for i, body in enumerate(world.bodies):
        parts_xml = []
        for j, part in enumerate(body.parts):
            name = f"g{i}_{j}"
            parts_xml.append(_geom_xml(name, part, meshes))
            geoms.append((name, part.material, body.is_round, i))
        body_xml.append(_body_xml(i, body, "".join(parts_xml)))
    pairs = _pairs_xml(world, geoms)
    walls = ""
    if place.backdrop == "room":
        walls = (
            f'<geom name="wall_r" type="plane" size="20 20 1" pos="{ROOM_HALF_WIDTH} 0 0" zaxis="-1 0 0"/>'
            f'<geom name="wall_l" type="plane" size="20 20 1" pos="{-ROOM_HALF_WIDTH} 0 0" zaxis="1 0 0"/>'
            f'<geom name="wall_f" type="plane" size="20 20 1" pos="0 {ROOM_FRONT} 0" zaxis="0 -1 0"/>'
        )
    return (
        f'<mujoco><option timestep="{STEP_SECONDS}" gravity="0 0 {-place.gravity}" cone="elliptic"'
        ' impratio="5" iterations="20" tolerance="1e-6"><flag energy="enable"/></option>'
        '<default><geom contype="0" conaffinity="0"/></default>'
        f"<asset>{''.join(meshes)}</asset>"
        f'<worldbody><geom name="ground" type="plane" size="50 50 1"/>{walls}{"".join(body_xml)}</worldbody>'
        f"<contact>{pairs}</contact></mujoco>"
    )


def _numbers(values: NDArray[np.float64] | tuple[float, ...]) -> str:
    return " ".join(f"{float(v):.9g}" for v in values)


def _quaternion(rotation: NDArray[np.float64] | None) -> str:
    if rotation is None:
        return "1 0 0 0"
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, rotation.reshape(9))
    return _numbers(quat)


def _geom_xml(name: str, part: Part, meshes: list[str]) -> str:
    shape, size = part.shape, part.size
    kind, numbers = shape, size
    if shape in {"cylinder", "capsule"}:
        numbers = (size[0], size[1], 0.0)
    quat, at = _quaternion(part.rotation), _numbers(part.at)
    mass = part.volume * part.material.density
    if shape == "cone":
        rim = [
            (size[0] * math.cos(a), size[0] * math.sin(a)) for a in np.arange(20) * math.tau / 20
        ]
        vertices = (
            "".join(f"{x:.6f} {y:.6f} {-size[1]:.6f} " for x, y in rim) + f"0 0 {size[1]:.6f}"
        )
        meshes.append(f'<mesh name="{name}" vertex="{vertices}" inertia="convex"/>')
        return f'<geom name="{name}" type="mesh" mesh="{name}" pos="{at}" quat="{quat}" mass="{mass}"/>'
    if shape == "sphere":
        numbers = (size[0], 0.0, 0.0)
    return (
        f'<geom name="{name}" type="{kind}" size="{_numbers(numbers)}" pos="{at}" quat="{quat}"'
        f' mass="{mass}"/>'
    )


def _body_xml(i: int, body: Body, geoms: str) -> str:
    joints = ""
    if not body.is_fixed:
        joints = f'<freejoint name="j{i}"/>'
        if body.is_upright:
            joints = "".join(
                f'<joint name="j{i}{axis}" type="{kind}" axis="{way}"/>'
                for axis, kind, way in (
                    ("x", "slide", "1 0 0"),
                    ("y", "slide", "0 1 0"),
                    ("z", "slide", "0 0 1"),
                    ("t", "hinge", "0 0 1"),
                )
            )
    return (
        f'<body name="b{i}" pos="{_numbers(body.position)}" quat="{_quaternion(body.rotation)}"'
        f' gravcomp="{int(body.floats)}">{joints}{geoms}</body>'
    )


def _pairs_xml(world: World, geoms: list[tuple[str, Material, bool, int]]) -> str:
    """Every two parts that may meet, with the restitution and friction of just these two."""
    place = world.place
    pairs = []
    surfaces = ["ground"] + (["wall_r", "wall_l", "wall_f"] if place.backdrop == "room" else [])
    for k, (name, material, is_round, body) in enumerate(geoms):
        if not world.bodies[body].is_fixed:
            ground_friction = material.friction if place.friction is None else place.friction
            friction = math.sqrt(material.friction * ground_friction)
            for surface in surfaces:
                bounce = material.restitution * place.restitution
                roll = place.rolling if is_round else None
                pairs.append(_pair_xml(name, surface, bounce, friction, roll))
        for other, other_material, other_is_round, other_body in geoms[k + 1 :]:
            if body == other_body:
                continue
            if world.bodies[body].is_fixed and world.bodies[other_body].is_fixed:
                continue
            # The harder of two bodies gives back what the softer one does not swallow.
            bounce = math.sqrt(material.restitution * other_material.restitution)
            bounce = min(bounce, max(material.restitution, other_material.restitution) * 0.95)
            friction = math.sqrt(material.friction * other_material.friction)
            roll = ROLLING_FRICTION if is_round or other_is_round else None
            pairs.append(_pair_xml(name, other, bounce, friction, roll))
    return "".join(pairs)


def _pair_xml(a: str, b: str, bounce: float, friction: float, rolling: float | None) -> str:
    """A spring of `CONTACT_SECONDS`, in MuJoCo's direct form: solref = (-stiffness, -damping)."""
    ratio = damping_ratio(round(min(max(bounce, 0.02), 0.97), 3))
    natural = math.pi / CONTACT_SECONDS / math.sqrt(1.0 - ratio * ratio)
    return (
        f'<pair geom1="{a}" geom2="{b}" condim="{3 if rolling is None else 6}" solimp="0.9999 0.9999 0.001 0.5 2"'
        f' solref="{-natural * natural:.6g} {-2.0 * ratio * natural:.6g}"'
        f' friction="{friction:.4g} {friction:.4g} {SPINNING_FRICTION} {rolling or 0} {rolling or 0}"/>'
    )


def _set_velocities(world: World, model: mujoco.MjModel, data: mujoco.MjData) -> None:
    for i, body in enumerate(world.bodies):
        if body.is_fixed:
            continue
        at = model.body_dofadr[i + 1]
        data.qvel[at : at + 3] = body.velocity
        if body.is_upright:
            if body.rotation is not None:  # slides are along the body's own axes
                data.qvel[at : at + 3] = body.rotation.T @ np.array(body.velocity)
            data.qvel[at + 3] = body.spin[2]
        else:
            turn = np.eye(3) if body.rotation is None else body.rotation
            data.qvel[at + 3 : at + 6] = turn.T @ np.array(body.spin)


def _hop(world: World, model: mujoco.MjModel, data: mujoco.MjData, i: int) -> None:
    """Push a toy off the ground when it stands; a little sideways, by turns to either side."""
    at = model.body_dofadr[i + 1]
    body = world.bodies[i]
    low = data.xpos[i + 1][2] - body.foot < 0.004
    if not low or data.qvel[at + 2] > 0.05 or data.time % HOP_SECONDS > 2.0 * STEP_SECONDS:
        return
    beat = round(data.time / HOP_SECONDS) + i
    up = 0.5 * world.place.gravity * 0.8 * HOP_SECONDS
    data.qvel[at : at + 3] = (0.35 if beat % 4 < 2 else -0.35, 0.0, up)
    data.qvel[at + 3] = 1.6 if beat % 2 else -1.6


# ── listening to contacts ───────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Touch:
    """A pair that is in touch, or was a moment ago."""

    last_seconds: float
    event: int | None  # index of its open event
    event_seconds: float


class _Listener:
    """Turns the contact list of every step into impacts and rolling."""

    def __init__(self, world: World, model: mujoco.MjModel) -> None:
        self._body_of = [int(b) - 1 for b in model.geom_bodyid]
        ground = vocabulary().materials[world.place.surface]
        self._materials = {GROUND: ground}
        for i, body in enumerate(world.bodies):
            self._materials[i] = body.parts[0].material
        self._touches: dict[tuple[int, int], _Touch] = {}
        self._events: list[list[float | int | tuple[float, float, float]]] = []
        self._touching: dict[int, int] = {}
        self._dof = model.body_dofadr

    def listen(self, data: mujoco.MjData) -> None:
        count = data.ncon
        self._touching.clear()
        if not count:
            return
        now = data.time
        contact = data.contact
        geoms, addresses, where = contact.geom, contact.efc_address, contact.pos
        speeds, forces = data.efc_vel, data.efc_force
        for k in range(count):
            address = int(addresses[k])
            if address < 0:
                continue
            a, b = self._body_of[geoms[k][0]], self._body_of[geoms[k][1]]
            pair = (a, b) if a > b else (b, a)
            self._touching[a], self._touching[b] = b, a
            touch = self._touches.get(pair)
            if touch is None or now - touch.last_seconds > QUIET_SECONDS:
                speed = -float(speeds[address])
                event = None
                if speed > MIN_IMPACT_SPEED:
                    event = len(self._events)
                    point = tuple(float(v) for v in where[k])
                    self._events.append([now, pair[0], pair[1], speed, 0.0, point])  # type: ignore[list-item]
                touch = self._touches[pair] = _Touch(now, event, now)
            touch.last_seconds = now
            if touch.event is not None and now - touch.event_seconds < QUIET_SECONDS:
                self._events[touch.event][4] += float(forces[address]) * STEP_SECONDS  # type: ignore[operator]

    def rolling_speeds(self, data: mujoco.MjData) -> NDArray[np.float64]:
        """Speed of each body that touches something now, m/s."""
        speeds = np.zeros(len(self._materials) - 1)
        for body in self._touching:
            if body >= 0 and self._dof[body + 1] >= 0:
                speeds[body] = float(np.linalg.norm(data.cvel[body + 1][3:]))
        return speeds

    def contacts(self) -> tuple[Contact, ...]:
        return tuple(
            Contact(
                seconds=seconds,
                body=a,
                other=b,
                material=self._materials[a],
                other_material=self._materials[b],
                speed=speed,
                impulse=impulse,
                position=point,
            )
            for seconds, a, b, speed, impulse, point in self._events  # type: ignore[misc]
        )
