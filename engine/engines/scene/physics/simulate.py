"""Physics: a world → how every body moves and what it touches, by rigid bodies (MuJoCo)."""

import math
from collections.abc import Callable
from functools import cache

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.language.vocabulary import Material
from engine.engines.scene.physics.contacts import ContactListener
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.sets import ROOM_FRONT, ROOM_HALF_WIDTH
from engine.engines.scene.scene.solids import Body, Part
from engine.engines.scene.scene.world import World

STEP_SECONDS = 1.0 / 960.0
CONTACT_SECONDS = 0.018  # half a period of the contact spring; it sinks 0.3 mm under its weight
ROLLING_FRICTION = 0.0005  # m, between two bodies
SPINNING_FRICTION = 0.004  # m
# Planes: name → position, and the direction they face.
GROUND_PLANE = {"ground": ("0 0 0", "0 0 1")}
WALLS = {
    "wall_r": (f"{ROOM_HALF_WIDTH} 0 0", "-1 0 0"),
    "wall_l": (f"{-ROOM_HALF_WIDTH} 0 0", "1 0 0"),
    "wall_f": (f"0 {ROOM_FRONT} 0", "0 -1 0"),
}
HOP_SECONDS = 0.55


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
    listener = ContactListener(world, model, STEP_SECONDS)
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
    """Damping of a contact spring that gives back `restitution` of the speed, in our time steps.

    A spring and damper that only push (Schwager & Pöschel 2007, "Coefficient of restitution and
    linear-dashpot model revisited"). Their closed form is for endless small steps; ours are coarse
    enough to matter, so the same step as the integrator's is run, and the ratio found by halving.
    """
    low, high = 0.0, 0.99
    for _ in range(30):
        ratio = 0.5 * (low + high)
        if _rebound_speed(ratio) > restitution:
            low = ratio
        else:
            high = ratio
    return 0.5 * (low + high)


def natural_frequency(ratio: float) -> float:
    """Of the undamped contact spring, rad/s, so that half a damped period is `CONTACT_SECONDS`."""
    return math.pi / CONTACT_SECONDS / math.sqrt(1.0 - ratio * ratio)


def _rebound_speed(ratio: float, phases: int = 16) -> float:
    """Mean speed after an impact at unit speed, over where in a step the impact falls."""
    omega, total = natural_frequency(ratio), 0.0
    for phase in range(phases):
        x, v = -STEP_SECONDS * (phase + 0.5) / phases, -1.0
        while x < 0.0 and (push := -omega * (omega * x + 2.0 * ratio * v)) > 0.0:
            v += STEP_SECONDS * push
            x += STEP_SECONDS * v
        total += v
    return total / phases


# ── the model ──────────────────────────────────────────────────────────────────────────


def _model_xml(world: World) -> str:
    place = world.place
    geoms: list[tuple[str, Material, bool, int]] = []  # name, material, is round, body
    body_xml: list[str] = []
    meshes: list[str] = []
    for i, body in enumerate(world.bodies):
        parts_xml = []
        for j, part in enumerate(body.parts):
            name = f"g{i}_{j}"
            parts_xml.append(_geom_xml(name, part, meshes))
            geoms.append((name, part.material, body.is_round, i))
        body_xml.append(_body_xml(i, body, "".join(parts_xml)))
    pairs = _pairs_xml(world, geoms)
    walls = WALLS if place.backdrop == "room" else {}
    planes = "".join(
        f'<geom name="{name}" type="plane" size="50 50 1" pos="{at}" zaxis="{facing}"/>'
        for name, (at, facing) in (GROUND_PLANE | walls).items()
    )
    return (
        f'<mujoco><option timestep="{STEP_SECONDS}" gravity="0 0 {-place.gravity}" cone="elliptic"'
        ' impratio="5" iterations="20" tolerance="1e-6"><flag energy="enable"/></option>'
        '<default><geom contype="0" conaffinity="0"/></default>'
        f"<asset>{''.join(meshes)}</asset>"
        f"<worldbody>{planes}{''.join(body_xml)}</worldbody>"
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
    if shape == "cone":
        angles = np.arange(20) * math.tau / 20
        rim = "".join(
            f"{size[0] * math.cos(a):.6f} {size[0] * math.sin(a):.6f} {-size[1]:.6f} "
            for a in angles
        )
        vertices = f"{rim}0 0 {size[1]:.6f}"
        meshes.append(f'<mesh name="{name}" vertex="{vertices}" inertia="convex"/>')
        form = f'type="mesh" mesh="{name}"'
    else:
        if shape == "sphere":
            numbers = (size[0], 0.0, 0.0)
        form = f'type="{kind}" size="{_numbers(numbers)}"'
    return (
        f'<geom name="{name}" {form} pos="{_numbers(part.at)}" quat="{_quaternion(part.rotation)}"'
        f' mass="{part.volume * part.material.density}"/>'
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
    surfaces = [*GROUND_PLANE, *(WALLS if place.backdrop == "room" else ())]
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
    omega = natural_frequency(ratio)
    spring = f"{-omega * omega:.6g} {-2.0 * ratio * omega:.6g}"
    slip = f"{friction:.4g} {friction:.4g} {SPINNING_FRICTION} {rolling or 0} {rolling or 0}"
    return (
        f'<pair geom1="{a}" geom2="{b}" condim="{3 if rolling is None else 6}"'
        f' solimp="0.9999 0.9999 0.001 0.5 2" solref="{spring}" friction="{slip}"/>'
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
