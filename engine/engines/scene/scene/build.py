"""Scene: a script → a world, every body with its place and motion at time 0."""

from collections.abc import Iterable
from dataclasses import replace

from engine.engines.scene.language.script import Script
from engine.engines.scene.language.vocabulary import Vector, vocabulary
from engine.engines.scene.scene.resume import gets_up, resumed
from engine.engines.scene.scene.scenery import make_scenery
from engine.engines.scene.scene.stage import Stage
from engine.engines.scene.scene.things import Thing
from engine.engines.scene.scene.world import Actor, World, WorldState

DEFAULT_PLACE = "studio"
WINDS: dict[str, Vector] = {"windy": (5.0, 1.0, 0.0), "storm": (9.0, 2.0, 0.0)}  # m/s
ROUGHER = {"windy": 1.8, "storm": 4.5}  # times as high as usual: the waves
BREEZE: Vector = (1.5, 0.3, 0.0)  # m/s, for what needs some
WANTS_BREEZE = frozenset({"kite", "balloon", "sailboat", "leaf"})


def build_world(
    script: Script, seed: int, *, after: WorldState | None = None, seconds: float = 5.0
) -> World:
    """Put everything of the script into its place; the same seed gives the same world.

    Args:
        script: what the shot says.
        seed: of all chance; what a subject looks like depends on it and on the subject's name only.
        after: the end of the shot before: bodies that are named in it begin exactly there, with
            their velocities; who is new is staged around them.
        seconds: of simulated time, into which actors fit their plans.
    """
    words = vocabulary()
    place = words.places[script.place or DEFAULT_PLACE]
    place = replace(place, waves=place.waves * ROUGHER.get(script.weather or "", 1.0))
    stage = Stage(script, place, seed, seconds, after)
    things = stage.fill()
    decor = [s for i, s in enumerate(script.subjects) if i in stage.decor]
    scenery = make_scenery(decor, place, seed, around=things)
    things = _numbered([*things, *scenery])
    world = World(
        bodies=tuple(body for thing in things for body in thing.unfolded()[0]),
        place=place,
        joints=tuple(joint for thing in things for joint in thing.unfolded()[1]),
        actors=tuple(_actor(thing) for thing in things if thing.actor),
        wind=_wind(script),
        start_seconds=after.seconds if after else 0.0,
    )
    if after is None:
        return world
    return resumed(world, after, anew={thing.name for thing in things if gets_up(thing, after)})


def _numbered(things: Iterable[Thing]) -> list[Thing]:
    """Give every thing the index of its first body, as `Stage` did for those it made."""
    first, numbered = 0, []
    for thing in things:
        numbered.append(replace(thing, first=first))
        first += len(thing.bodies)
    return numbered


def _actor(thing: Thing) -> Actor:
    return Actor(
        name=thing.name,
        kind=thing.actor or "",
        bodies=tuple(range(thing.first, thing.first + len(thing.bodies))),
        plan=thing.plan,
    )


def _wind(script: Script) -> Vector:
    if script.weather in WINDS:
        return WINDS[script.weather]
    wants = any(s.kind.name in WANTS_BREEZE or s.action == "fly" for s in script.subjects)
    return BREEZE if wants else (0.0, 0.0, 0.0)
