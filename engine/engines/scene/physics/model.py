"""Model: a world → what MuJoCo simulates: bodies nested along their joints, servos, pairs."""

import math
from collections.abc import Iterator

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.language.vocabulary import Material, Place
from engine.engines.scene.scene.sets import ROOM_FRONT, ROOM_HALF_WIDTH
from engine.engines.scene.scene.solids import Body, Part
from engine.engines.scene.scene.world import WORLD, Joint, World

STEP_SECONDS = 1.0 / 480.0
SPRING = "0.008 1"  # seconds and damping ratio of what holds bodies that rest
HOLD = "0.99 0.995 0.001 0.5 2"
GRIP, ROLL = "0.03 1", "0.1 1"  # the same for friction, and for that of what rolls
NEAR = 0.001  # m: bodies closer than this touch
ROLLING_FRICTION = 0.0005  # m, between two bodies
SPINNING_FRICTION = 0.004  # m
ARMATURE = 3e-5  # kg·m² a N·m: what turns inside a servo; keeps light limbs on stiff servos calm
# Planes: name → position, and the direction they face.
WALLS = {
    "wall_r": (f"{ROOM_HALF_WIDTH} 0 0", "-1 0 0"),
    "wall_l": (f"{-ROOM_HALF_WIDTH} 0 0", "1 0 0"),
    "wall_f": (f"0 {ROOM_FRONT} 0", "0 -1 0"),
}
# Limbs are in a group of their own, so that a ray can ask for the ground under a foot.
THING_GROUP, LIMB_GROUP = 0, 1


def model_xml(world: World) -> str:
    """Describe the world to MuJoCo.

    Body i is named "b{i}", its geoms "g{i}_{part}", what it moves by "j{i}"; joint k is "q{k}" and
    its servo "m{k}".
    """
    place = world.place
    limbs = {i: a for a, actor in enumerate(world.actors) for i in actor.bodies}
    meshes: list[str] = []
    nested = {joint.child for joint in world.joints}
    trees = "".join(
        _tree_xml(world, i, meshes, limbs) for i in range(len(world.bodies)) if i not in nested
    )
    for k, joint in enumerate(world.joints):  # what hangs on the world itself
        if joint.parent == WORLD and not any(j.child == joint.child for j in world.joints[:k]):
            trees += _tree_xml(world, joint.child, meshes, limbs)
    walls = WALLS if place.backdrop == "room" else {}
    planes = "".join(
        f'<geom name="{name}" type="plane" size="50 50 1" pos="{at}" zaxis="{facing}"/>'
        for name, (at, facing) in (_ground(place) | walls).items()
    )
    return (
        f'<mujoco><option timestep="{STEP_SECONDS}" gravity="0 0 {-place.gravity}" cone="elliptic"'
        ' impratio="20" iterations="20" tolerance="1e-6"><flag energy="enable"/></option>'
        '<default><geom contype="0" conaffinity="0"/></default>'
        f"<asset>{''.join(meshes)}</asset>"
        f"<worldbody>{planes}{trees}</worldbody>"
        f"<contact>{_pairs_xml(world, limbs)}</contact>"
        f"<actuator>{''.join(_servos_xml(world))}</actuator></mujoco>"
    )


def restitutions(world: World, model: mujoco.MjModel) -> NDArray[np.float64]:
    """Share of its speed that each geom gives back against each other: (geoms, geoms)."""
    place = world.place
    own, is_body = np.empty(model.ngeom), model.geom_bodyid > 0
    is_ball = np.zeros(model.ngeom, dtype=np.bool_)
    for geom in range(model.ngeom):
        name = model.geom(geom).name
        if is_body[geom]:
            body, part = (int(n) for n in name[1:].split("_"))
            own[geom] = world.bodies[body].parts[part].material.restitution
            is_ball[geom] = world.bodies[body].is_round
    own[~is_body] = 1.0
    both = np.sqrt(np.outer(own, own))
    against_place = own * place.restitution
    both[:, ~is_body] = against_place[:, None]
    both[~is_body, :] = against_place[None, :]
    is_limb = model.geom_group == LIMB_GROUP
    both[np.ix_(is_limb, ~is_ball | is_limb)] = 0.0  # a foot does not bounce, nor does a wheel
    both[np.ix_(~is_ball | is_limb, is_limb)] = 0.0
    return np.asarray(np.minimum(both, 1.0))


def body_ids(world: World, model: mujoco.MjModel) -> NDArray[np.int64]:
    """MuJoCo's number of every body of the world, in the world's order."""
    return np.array([model.body(f"b{i}").id for i in range(len(world.bodies))], dtype=np.int64)


def _ground(place: Place) -> dict[str, tuple[str, str]]:
    return {"ground": (f"0 0 {-place.depth if place.water else 0.0}", "0 0 1")}


def _numbers(values: NDArray[np.float64] | tuple[float, ...]) -> str:
    return " ".join(f"{float(v):.17g}" for v in values)


def _quaternion(rotation: NDArray[np.float64] | None) -> str:
    if rotation is None:
        return "1 0 0 0"
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(rotation).reshape(9))
    return _numbers(quat)


def _turn(body: Body) -> NDArray[np.float64]:
    return np.eye(3) if body.rotation is None else body.rotation


def _tree_xml(
    world: World, i: int, meshes: list[str], limbs: dict[int, int], parent: int = WORLD
) -> str:
    """A body with all that is joined to it, placed in respect of what it is nested in."""
    body = world.bodies[i]
    group = LIMB_GROUP if i in limbs and len(world.actors[limbs[i]].bodies) > 1 else THING_GROUP
    inner = "".join(
        _geom_xml(f"g{i}_{j}", part, meshes, group) for j, part in enumerate(body.parts)
    )
    own = [(k, joint) for k, joint in enumerate(world.joints) if joint.child == i]
    at, turn = np.array(body.position), _turn(body)
    moves = "".join(_joint_xml(k, joint, at, turn) for k, joint in own) if own else _free(i, body)
    if parent != WORLD:
        outer = world.bodies[parent]
        at = _turn(outer).T @ (at - np.array(outer.position))
        turn = _turn(outer).T @ turn
    children = dict.fromkeys(joint.child for joint in world.joints if joint.parent == i)
    inner += "".join(_tree_xml(world, child, meshes, limbs, i) for child in children)
    return (
        f'<body name="b{i}" pos="{_numbers(at)}" quat="{_quaternion(turn)}"'
        f' gravcomp="{int(body.floats)}">{moves}{inner}</body>'
    )


def _free(i: int, body: Body) -> str:
    if body.is_fixed:
        return ""
    if not body.is_upright:
        return f'<freejoint name="j{i}"/>'
    return "".join(
        f'<joint name="j{i}{axis}" type="{kind}" axis="{way}"/>'
        for axis, kind, way in (
            ("x", "slide", "1 0 0"),
            ("y", "slide", "0 1 0"),
            ("z", "slide", "0 0 1"),
            ("t", "hinge", "0 0 1"),
        )
    )


def _joint_xml(k: int, joint: Joint, at: NDArray[np.float64], turn: NDArray[np.float64]) -> str:
    if joint.kind == "fixed":
        return ""
    limits = ""
    if joint.low is not None and joint.high is not None:
        limits = f' limited="true" range="{joint.low:.6g} {joint.high:.6g}"'
    spring = 0.0 if joint.strength else joint.stiffness
    place = turn.T @ (np.array(joint.at) - at)
    return (
        f'<joint name="q{k}" type="{joint.kind}" pos="{_numbers(place)}"'
        f' axis="{_numbers(turn.T @ np.array(joint.axis))}" stiffness="{spring:.6g}"'
        f' damping="{joint.damping:.6g}" armature="{ARMATURE * joint.strength:.6g}"'
        f' ref="{joint.angle:.17g}"{limits} solreflimit="0.02 1"/>'
    )


def _servos_xml(world: World) -> Iterator[str]:
    """A spring to an angle that is set, no stronger than its motor; damped by its joint."""
    for k, joint in enumerate(world.joints):
        if joint.kind == "hinge" and joint.strength and joint.stiffness:
            yield (
                f'<general name="m{k}" joint="q{k}" gaintype="fixed" biastype="affine"'
                f' gainprm="{joint.stiffness:.6g}" biasprm="0 {-joint.stiffness:.6g} 0"'
                f' forcerange="{-joint.strength:.6g} {joint.strength:.6g}"/>'
            )


def _geom_xml(name: str, part: Part, meshes: list[str], group: int) -> str:
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
        f' mass="{part.volume * part.material.density}" group="{group}"/>'
    )


def _pairs_xml(world: World, limbs: dict[int, int]) -> str:
    """Every two parts that may meet, with the friction of just these two.

    Of a limb only the first part touches, the others are for the eye; limbs of one actor pass
    through each other.
    """
    place = world.place
    pairs = []
    jointed = {frozenset((joint.parent, joint.child)) for joint in world.joints}
    surfaces = ["ground", *(WALLS if place.backdrop == "room" else ())]
    geoms = list(_touching(world, limbs))
    handled = {pair for one, other in _handled(world) for pair in ((one, other), (other, one))}
    for k, (name, material, is_round, body) in enumerate(geoms):
        if not world.bodies[body].is_fixed:
            ground_friction = material.friction if place.friction is None else place.friction
            friction = math.sqrt(material.friction * ground_friction)
            for surface in surfaces:
                pairs.append(
                    _pair_xml(name, surface, friction, place.rolling if is_round else None)
                )
        for other, other_material, other_is_round, other_body in geoms[k + 1 :]:
            if body == other_body or (body in limbs and limbs[body] == limbs.get(other_body)):
                continue
            if frozenset((body, other_body)) in jointed or (body, other_body) in handled:
                continue
            if world.bodies[body].is_fixed and world.bodies[other_body].is_fixed:
                continue
            friction = math.sqrt(material.friction * other_material.friction)
            roll = ROLLING_FRICTION if is_round or other_is_round else None
            pairs.append(_pair_xml(name, other, friction, roll))
    return "".join(pairs)


def _handled(world: World) -> Iterator[tuple[int, int]]:
    """Limbs and what they hold or sit on: hands guide it, so it may not bounce off them."""
    for actor in world.actors:
        for act in actor.plan:
            is_in_hand = act.action in {"throw", "hold", "catch"} or act.is_seated
            if act.with_body is None or not is_in_hand:
                continue
            for limb in actor.bodies:
                is_arm = world.bodies[limb].name.endswith(("hand", "forearm", "upper arm"))
                if is_arm or act.action in {"throw", "hold"}:
                    yield limb, act.with_body


def _touching(world: World, limbs: dict[int, int]) -> Iterator[tuple[str, Material, bool, int]]:
    """Name, material, is round, body of every part that can touch something."""
    for i, body in enumerate(world.bodies):
        is_limb = i in limbs and len(world.actors[limbs[i]].bodies) > 1
        for j, part in enumerate(body.parts[:1] if is_limb else body.parts):
            yield f"g{i}_{j}", part.material, body.is_round and not is_limb, i


def _pair_xml(a: str, b: str, friction: float, rolling: float | None) -> str:
    slip = f"{friction:.4g} {friction:.4g} {SPINNING_FRICTION} {rolling or 0} {rolling or 0}"
    return (
        f'<pair geom1="{a}" geom2="{b}" condim="{3 if rolling is None else 6}"'
        f' solimp="{HOLD}" solref="{SPRING}" solreffriction="{GRIP if rolling is None else ROLL}"'
        f' gap="{NEAR}" friction="{slip}"/>'
    )
