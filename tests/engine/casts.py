"""Worlds with figures in them, for the tests of how they move."""

import numpy as np

from engine.engines.scene.language.script import Subject
from engine.engines.scene.language.vocabulary import SubjectKind, vocabulary
from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.scene.figures import make_figure
from engine.engines.scene.scene.world import Act, Actor, World

FPS = 60
TOWARDS_CAMERA = -np.pi / 2


def subject(kind: str, **wears) -> Subject:
    known = vocabulary().subjects.get(kind)
    return Subject(known or SubjectKind(kind, (kind,), "soft", ()), count=1, **wears)


def world_of(*cast, things=(), place="studio", joints=()) -> World:
    """`cast` rows: subject, place of the feet, heading, acts, seed."""
    bodies, links = list(things), list(joints)
    actors: list[Actor] = []
    for who, at, heading, plan, seed in cast:
        figure = make_figure(
            who,
            0,
            np.random.default_rng(seed),
            at=at,
            heading=heading,
            first_body=len(bodies),
            name=f"{who.kind.name} {len(actors)}",
        )
        numbers = tuple(range(len(bodies), len(bodies) + len(figure.bodies)))
        actors.append(Actor(figure.name, who.kind.name, numbers, tuple(plan)))
        bodies += figure.bodies
        links += figure.joints
    return World(tuple(bodies), vocabulary().places[place], tuple(links), tuple(actors))


def alone(kind: str, *plan: Act, seed=1, heading=TOWARDS_CAMERA, **wears) -> World:
    return world_of((subject(kind, **wears), (0.0, 0.0, 0.0), heading, plan, seed))


def played(world: World, seconds: float):
    return simulate(world, np.arange(round(seconds * FPS)) / FPS, is_cancelled=lambda: False)


def limb(world: World, name: str, actor: int = 0) -> int:
    found = [i for i in world.actors[actor].bodies if world.bodies[i].name.endswith("/" + name)]
    return found[0]


def upright(motion, body: int) -> np.ndarray:
    """Cosine of the tilt of a body, a frame each."""
    return motion.rotations[:, body, 2, 2]


def centre(world: World, motion, actor: int = 0) -> np.ndarray:
    """Centre of mass of an actor, (frames, 3)."""
    bodies = list(world.actors[actor].bodies)
    masses = np.array([world.bodies[i].mass for i in bodies])
    return np.average(motion.positions[:, bodies], axis=1, weights=masses)


def turned(motion, body: int) -> np.ndarray:
    """Degrees that a body has turned about the vertical since the start, unwrapped."""
    looks = motion.rotations[:, body, :2, 1]
    angles = np.unwrap(np.arctan2(-looks[:, 1], -looks[:, 0]))
    return np.degrees(angles - angles[0])


def joint_gaps(world: World, motion) -> float:
    """By how many metres the two sides of a joint come apart at most."""
    worst = 0.0
    for joint in world.joints:
        sides = []
        for body in (joint.parent, joint.child):
            start = world.bodies[body]
            local = start.rotation.T @ (np.array(joint.at) - np.array(start.position))
            sides.append(motion.positions[:, body] + motion.rotations[:, body] @ local)
        worst = max(worst, float(np.linalg.norm(sides[0] - sides[1], axis=1).max()))
    return worst
