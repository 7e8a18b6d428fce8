"""Resume: a world as it was staged → the same world going on from where another ended."""

import math
from collections.abc import Container, Iterator
from dataclasses import replace

import numpy as np

from engine.engines.scene.scene.solids import Body, Matrix
from engine.engines.scene.scene.things import Thing, about, triple
from engine.engines.scene.scene.world import (
    WORLD,
    Actor,
    BodyState,
    Joint,
    World,
    WorldState,
)

DOWN_TILT = 0.85  # rad: whose trunk leans more than this lies
LIES_ON = frozenset({"lie", "topple", "drop", "tumble", "swim", "float", "sink"})


def resumed(world: World, after: WorldState, anew: Container[str] = ()) -> World:
    """Put every body that `after` names exactly where it was, and its joints with it.

    Args:
        world: as it was staged.
        after: the end of the shot before.
        anew: names of things that begin as they were staged all the same.
    """
    states = {
        body.name: state
        for body in world.bodies
        if (state := after.bodies.get(body.name)) and body.name.split("/")[0] not in anew
    }
    put = replace(world, bodies=tuple(_put(body, states.get(body.name)) for body in world.bodies))
    owners = {i: actor.name for actor in world.actors for i in actor.bodies}
    joints: list[Joint] = []
    turns: dict[int, Matrix] = {}  # of children, by their joints so far
    for joint in world.joints:
        child = world.bodies[joint.child]
        if child.name in states:
            owner = owners.get(joint.child, child.name.split("/")[0])
            angle = after.angles.get(f"{owner}/{joint.name}", joint.angle)
            so_far = turns.get(joint.child, np.eye(3))
            turns[joint.child] = so_far @ about(joint.axis, angle - joint.angle)
            joint = replace(_carried(joint, world, put, so_far), angle=angle)  # noqa: PLW2901
        joints.append(joint)
    return replace(put, joints=tuple(joints), actors=tuple(_actors(world, states)))


def _actors(world: World, states: Container[str]) -> Iterator[Actor]:
    for actor in world.actors:
        known = all(world.bodies[i].name in states for i in actor.bodies)
        yield replace(actor, goes_on=known)


def is_kept(thing: Thing, after: WorldState | None) -> bool:
    """Whether it goes on exactly as the shot before left it."""
    return _state_of(thing, after) is not None and not gets_up(thing, after)


def gets_up(thing: Thing, after: WorldState | None) -> bool:
    """Whether it lay when the shot before ended and has something else to do: by now it stands."""
    state = _state_of(thing, after)
    if state is None or thing.actor is None or len(thing.bodies) < 2 or thing.is_standing:
        return False
    is_down = state.rotation[8] < math.cos(DOWN_TILT)  # its own up against the world's
    return is_down and thing.subject.action not in LIES_ON


def _state_of(thing: Thing, after: WorldState | None) -> BodyState | None:
    return after.bodies.get(thing.unfolded()[0][0].name) if after else None


def kept_thing(thing: Thing, after: WorldState | None) -> Thing:
    """The thing where its first body was, for whoever is placed by it; else as it is."""
    state = _state_of(thing, after)
    if state is None:
        return thing
    if gets_up(thing, after):
        return _standing_up(thing, state)
    put = _put(thing.unfolded()[0][0], state)
    turn = _turn(put) @ _turn(thing.bodies[0]).T
    arm = turn @ np.array(thing.bodies[0].position if len(thing.bodies) > 1 else (0.0, 0.0, 0.0))
    return thing.moved_to(
        replace(
            thing.hull,
            position=triple(np.array(put.position) - arm),
            rotation=turn,
            velocity=put.velocity,
            spin=put.spin,
        )
    )


def _standing_up(thing: Thing, state: BodyState) -> Thing:
    """On its feet where it lay, turned as it was staged."""
    x, y, _ = state.position
    return thing.moved_to(replace(thing.hull, position=(x, y, thing.hull.foot)))


def _put(body: Body, state: BodyState | None) -> Body:
    if state is None:
        return body
    rotation = np.array(state.rotation, dtype=np.float64).reshape(3, 3)
    return replace(
        body,
        position=state.position,
        rotation=rotation,
        velocity=state.velocity,
        spin=state.spin,
    )


def _carried(joint: Joint, staged: World, put: World, so_far: Matrix) -> Joint:
    """A joint is fixed in its child and goes where that goes.

    Its axis goes with its parent, turned by the joints of the child before it: `so_far`.
    """
    old, new = staged.bodies[joint.child], put.bodies[joint.child]
    turn = _turn(new) @ _turn(old).T
    at = np.array(new.position) + turn @ (np.array(joint.at) - np.array(old.position))
    if joint.parent != WORLD:
        turn = _turn(put.bodies[joint.parent]) @ _turn(staged.bodies[joint.parent]).T
        axis = turn @ so_far @ np.array(joint.axis)
    else:
        axis = so_far @ np.array(joint.axis)
    return replace(joint, at=triple(at), axis=triple(axis))


def _turn(body: Body) -> Matrix:
    return np.eye(3) if body.rotation is None else body.rotation
