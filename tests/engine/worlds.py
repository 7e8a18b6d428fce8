"""Small worlds whose motion is known by heart."""

import math
from dataclasses import replace

import numpy as np

from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.scene.solids import Body, make_body
from engine.engines.scene.scene.world import Joint, World

GRAVITY = 9.81
FPS = 240


def never() -> bool:
    return False


def run(world: World, seconds: float, fps: int = FPS) -> Motion:
    return simulate(world, np.arange(round(seconds * fps) + 1) / fps, is_cancelled=never)


def thing(prompt: str, *, height: float = 0.0, **more) -> Body:
    """The prompt's first subject, standing so high over the ground."""
    body = make_body(read_prompt(prompt).subjects[0], 0, np.random.default_rng(1))
    x, y, _ = more.pop("position", (0.0, 0.0, 0.0))
    return replace(body, position=(x, y, body.foot + height), **more)


def solid(shape: str, size: tuple[float, float, float], *, density=1000.0, bounce=0.5, **more):
    """A body of one part, its middle where `position` says."""
    body = make_body(read_prompt("a steel ball").subjects[0], 0, np.random.default_rng(1))
    material = replace(body.parts[0].material, density=density, restitution=bounce)
    part = replace(body.parts[0], shape=shape, size=size, material=material)
    return replace(body, name="solid", parts=(part,), **more)


def world_of(*bodies: Body, place: str = "studio", **more) -> World:
    return World(bodies=bodies, place=replace(vocabulary().places[place], **more))


def at_sea(*bodies: Body, waves: float = 0.0, depth: float = 4.0) -> World:
    return world_of(*bodies, water=True, waves=waves, depth=depth)


def pendulum(degrees: float, *, kind="hinge", length=1.0, spin=(0.0, 0.0, 0.0)) -> World:
    angle = math.radians(degrees)
    at = (length * math.sin(angle), 0.0, 3.0 - length * math.cos(angle))
    bob = solid("sphere", (0.05, 0.05, 0.05), density=7800.0, position=at, spin=spin)
    joint = Joint(parent=-1, child=0, kind=kind, at=(0.0, 0.0, 3.0), name="pivot")
    return replace(world_of(bob), joints=(joint,))
