"""Plans: where those who move by themselves begin, and what they do when."""

import math
from dataclasses import dataclass, replace

import numpy as np

from engine.engines.scene.language.vocabulary import Place, Vector
from engine.engines.scene.scene.sets import ROOM_HALF_WIDTH
from engine.engines.scene.scene.solids import Body, turned
from engine.engines.scene.scene.things import Thing, resting_height
from engine.engines.scene.scene.world import Act

WAY = math.radians(
    -30.0
)  # who walks comes from the left back to the right front, so one sees faces
CAMERA = math.radians(-90.0)  # who stands looks at the camera,
ASIDE = math.radians(28.0)  # a little to the side
PACES = {  # m/s over the ground at pace 1, by kind of actor: walking, running
    "person": (1.3, 3.2),
    "dog": (1.0, 3.0),
    "cat": (0.9, 2.8),
    "horse": (1.6, 5.0),
    "bird": (0.4, 2.0),  # on its legs, on its wings
    "fish": (0.8, 1.6),
    "car": (2.6, 4.5),
    "bike": (2.2, 3.6),
    "skateboard": (1.6, 2.4),
    "boat": (1.2, 2.2),
    "plane": (2.0, 3.0),
}
TRAVELS = {"walk": 0, "run": 1, "swim": 0, "drive": 0, "ride": 0, "fly": 1, "slide": 0, "roll": 0}
SYNONYMS = {"hop": "jump", "tumble": "flip", "topple": "fall", "drop": "fall", "rest": "stand"}
ONE_OFF = {"spin": 2.4, "flip": 2.4, "kick": 2.4, "throw": 2.4}  # s until it comes again
PREPARED = frozenset({"jump", "fall"})  # what begins when one has seen who it is
PLUNGES = frozenset({"jump", "fall", "flip"})  # where there is nothing but water: into it
LEAD_IN = 0.6  # s in which one sees who it is before anything happens
FURTHEST = 9.0  # m that anybody goes in a clip
PAST = 4.0  # m behind the end of its way, where somebody who must not slow down is heading
THROW_AT, CATCH_HEIGHT = 1.2, 1.15  # s, m
FLYING_HEIGHT, DIVING_DEPTH, AWASH, PLUNGE_HEIGHT = 1.7, 0.45, 0.12, 1.2  # m
WINGED = frozenset({"bird", "plane"})
RIDES = frozenset(
    {"bike", "skateboard", "paddleboard", "surfboard", "snowboard", "raft", "boat", "sailboat"}
)


@dataclass(frozen=True, slots=True)
class Shoot:
    """What plans need to know of the shot."""

    place: Place
    seconds: float
    lane: int = 0  # of those who travel together
    lanes: int = 1


def heading_of(thing: Thing) -> float:
    """Where a thing looks, in radians from x towards y."""
    if thing.hull.rotation is None:
        return math.radians(thing.facing)
    x, y = thing.hull.rotation[0, 0], thing.hull.rotation[1, 0]
    return math.atan2(y, x) + math.radians(thing.facing)


def facing(thing: Thing, radians: float) -> Thing:
    """The thing, turned so that it looks there."""
    yaw = math.degrees(radians) - thing.facing
    return thing.moved_to(replace(thing.hull, rotation=turned((0.0, 0.0, yaw))))


def standing_at(thing: Thing, x: float, y: float, place: Place) -> Thing:
    """The thing with its feet there; in the water when there is nothing but water."""
    return thing.moved_to(replace(thing.hull, position=(x, y, _height(thing, place))))


def _height(thing: Thing, place: Place) -> float:
    hull, action = thing.hull, action_of(thing)
    if thing.actor in {"bird", "plane"} and action == "fly":
        return FLYING_HEIGHT + hull.foot
    if not place.water:
        return hull.foot
    if thing.actor == "fish":
        return -DIVING_DEPTH
    if thing.actor in {"person", "dog", "cat", "horse"}:
        return _height_in_water(hull, action)
    return resting_height(hull, place)


def _height_in_water(hull: Body, action: str) -> float:
    if action in PLUNGES:  # from somewhere outside the picture
        return hull.foot + PLUNGE_HEIGHT
    if action == "swim":  # flat on it
        return -AWASH
    return hull.foot - 0.8 * (hull.foot + hull.reach(0.0, 0.0, 1.0))  # up to the neck


def goal_height(thing: Thing, place: Place) -> float:
    """Height of the places that it goes to; over the ground everybody stays on it."""
    is_carried = thing.actor == "fish" or (thing.actor == "bird" and action_of(thing) == "fly")
    return _height(thing, place) if is_carried else 0.0


def spots(count: int, room: float) -> list[tuple[float, float]]:
    """Places for so many beside each other, in rows of three, each row in the gaps before it."""
    places = []
    for row, start in enumerate(range(0, count, 3)):
        across = min(3, count - start)
        for i in range(across):
            x = (i - 0.5 * (across - 1)) * room + (0.5 * room if row % 2 and across == 3 else 0.0)
            places.append((x, 0.95 * room * row))
    return places


def action_of(thing: Thing) -> str:
    """What it does first, in the words of the physics."""
    usual = {"car": "drive", "boat": "drive", "plane": "fly", "rocket": "fly"}
    action = thing.subject.action or usual.get(thing.actor or "", "stand")
    if action == "fly" and thing.actor == "person":
        return "jump"
    return SYNONYMS.get(action, action)


def actions_of(thing: Thing) -> list[str]:
    """All that it does, in order; who sits or lies talks without getting up."""
    first = action_of(thing)
    stays = first in {"sit", "lie", "ride"}
    later = (SYNONYMS.get(action, action) for action in thing.subject.then)
    return [first, *(action for action in later if not (stays and action == "talk"))]


def speed_of(thing: Thing, action: str) -> float:
    """m/s over the ground while it does that; 0 for what is done on the spot."""
    if action not in TRAVELS or thing.actor == "rocket":
        return 0.0
    return PACES.get(thing.actor or "", (1.2, 2.5))[TRAVELS[action]] * thing.subject.pace


def lane_room(thing: Thing) -> float:
    """Metres between the ways of two who travel together: for elbows, tails and wings."""
    return max(0.9, 2.3 * thing.hull.girth)


def travelling(thing: Thing, shot: Shoot, *, way: float = WAY, behind: float = 0.0) -> Thing:
    """Start on one side of the middle, so that the way that `seconds` allow lies around it.

    Args:
        thing: who goes.
        shot: place and length.
        way: direction, radians from x towards y.
        behind: metres that it starts further back than the others.
    """
    actions = actions_of(thing)
    slot = shot.seconds / len(actions)
    steps = [_capped(speed_of(thing, action) * slot, shot.place) for action in actions]
    length = min(sum(steps), _capped(FURTHEST, shot.place))
    shrink = length / sum(steps) if sum(steps) else 0.0
    c, s = math.cos(way), math.sin(way)
    aside = (shot.lane - 0.5 * (shot.lanes - 1)) * lane_room(thing)
    begin = -0.5 * length - behind

    level = goal_height(thing, shot.place)
    beyond = PAST if thing.actor in {"bird", "fish"} else 0.0  # they do not stop in the air

    def spot(along: float) -> Vector:
        return (c * along - s * aside, s * along + c * aside, level)

    plan, along = [], begin
    for i, (action, step) in enumerate(zip(actions, steps, strict=True)):
        along += step * shrink
        towards = spot(along + behind + beyond) if step else None
        plan += _acts(thing, action, i * slot, (i + 1) * slot, towards)
    x, y, _ = spot(begin)
    placed = standing_at(facing(thing, way), x, y, shot.place)
    if steps[0] and thing.actor in {"car", "bike", "boat", "skateboard", "plane"}:
        v = speed_of(thing, actions[0]) * 0.7
        placed = placed.moved_to(replace(placed.hull, velocity=(c * v, s * v, 0.0)))
    return replace(placed, plan=tuple(plan))


def _capped(metres: float, place: Place) -> float:
    return min(metres, 2.0 * ROOM_HALF_WIDTH - 1.6) if place.backdrop == "room" else metres


def on_the_spot(thing: Thing, shot: Shoot, *, support: int | None = None) -> Thing:
    """Do it where one stands; `support` is what one stands or sits on, as a body of the world."""
    actions = actions_of(thing)
    slot = shot.seconds / len(actions)
    plan: list[Act] = []
    for i, action in enumerate(actions):
        plan += _acts(thing, action, i * slot, (i + 1) * slot, None, support)
    return replace(thing, plan=tuple(plan))


def _acts(
    thing: Thing,
    action: str,
    start: float,
    end: float,
    towards: Vector | None,
    support: int | None = None,
) -> list[Act]:
    """One action between two times; what is over in a moment comes again while there is time."""
    subject = thing.subject
    turns, pace = subject.turns or 1, subject.pace

    def act(at: float, what: str) -> Act:
        return Act(at, what, towards, support, turns if what in {"spin", "flip"} else 1, pace)

    if action not in ONE_OFF and action not in PREPARED:
        return [act(start, action)]
    rest = act(start, "stand")
    lead_in = min(LEAD_IN, 0.25 * (end - start))
    if support is not None and action == "spin":  # first one sees it stand there, in balance
        lead_in = min(2.0 * LEAD_IN, 0.25 * (end - start))
    if action in PREPARED or subject.turns or action in {"kick", "throw"}:
        return [rest, act(start + lead_in, action)]
    every = ONE_OFF[action] / max(pace, 0.3)
    times = np.arange(start + lead_in, max(end - 0.6 * every, start + lead_in + 1e-3), every)
    return [rest, *(act(float(time), action) for time in times)]


# ── with each other and with things ──


def ballistic(start: Vector, goal: Vector, seconds: float, gravity: float) -> Vector:
    """The velocity, m/s, that carries something from one point to another in that time."""
    x, y, z = ((g - s) / seconds for s, g in zip(start, goal, strict=True))
    return (x, y, z + 0.5 * gravity * seconds)


def face_to_face(first: Thing, second: Thing, apart: float, place: Place) -> tuple[Thing, Thing]:
    """Put two opposite each other, the first on the left, both half turned to the camera."""
    x, y = 0.5 * apart * math.cos(ASIDE), 0.5 * apart * math.sin(ASIDE)
    there = math.atan2(2.0 * y, 2.0 * x)
    left = standing_at(facing(first, there), -x, -y, place)
    right = standing_at(facing(second, there + math.pi), x, y, place)
    return left, right


def with_object(thing: Thing, ball: Thing, goal: Vector | None) -> tuple[Thing, Thing]:
    """Let somebody throw, kick or hold a thing; returns both. `goal` is where it shall fly to."""
    action = action_of(thing)
    hull, way = thing.hull, heading_of(thing)
    c, s = math.cos(way), math.sin(way)
    tall = hull.foot + hull.reach(0.0, 0.0, 1.0)
    x, y, z = hull.position
    size = ball.hull.girth
    if goal is None:
        goal = (x + 4.0 * c, y + 4.0 * s, 0.6 * tall if action == "throw" else 0.2)
    index = ball.first
    if action == "kick":
        ahead = 0.9 + size  # the last steps to it are the kicker's own
        at = (x + c * ahead + 0.1 * s, y + s * ahead - 0.1 * c, z - hull.foot + ball.hull.foot)
        plan = [Act(0.0, "stand"), Act(LEAD_IN, "kick", towards=goal, with_body=index)]
    else:
        ahead = hull.reach(c, s, 0.0) + size + 0.1
        at = (x + c * ahead, y + s * ahead, z - hull.foot + 0.62 * tall)
        plan = [Act(0.0, "hold", with_body=index)]
        if action == "throw":
            plan.append(Act(THROW_AT, "throw", towards=goal, with_body=index))
            plan.append(Act(THROW_AT + 1.2, "stand"))
    later = [a for a in actions_of(thing)[1:] if a != action]
    plan += [Act(THROW_AT + 2.0 + 1.5 * i, a) for i, a in enumerate(later)]
    held = ball.moved_to(replace(ball.hull, position=at, velocity=(0.0, 0.0, 0.0)))
    return replace(thing, plan=tuple(plan)), held


def catching(thing: Thing, ball: Thing, at_seconds: float) -> Thing:
    """Wait for the thing and catch it."""
    return replace(thing, plan=(Act(0.0, "stand"), Act(at_seconds, "catch", with_body=ball.first)))


def tossed_to(ball: Thing, thing: Thing, gravity: float) -> Thing:
    """Throw something to somebody from outside the picture."""
    x, y, z = thing.hull.position
    c, s = math.cos(heading_of(thing)), math.sin(heading_of(thing))
    tall = thing.hull.foot + thing.hull.reach(0.0, 0.0, 1.0)
    chest = (x + 0.35 * c, y + 0.35 * s, z - thing.hull.foot + 0.68 * tall)
    start = (x + 3.4 * c, y + 3.4 * s, 1.0)
    seconds = 1.1 * math.sqrt(9.81 / max(gravity, 1.0))
    return ball.moved_to(
        replace(ball.hull, position=start, velocity=ballistic(start, chest, seconds, gravity))
    )


def chest_of(thing: Thing) -> Vector:
    """Where something thrown to somebody should arrive."""
    x, y, z = thing.hull.position
    tall = thing.hull.foot + thing.hull.reach(0.0, 0.0, 1.0)
    c, s = math.cos(heading_of(thing)), math.sin(heading_of(thing))
    return (x + 0.3 * c, y + 0.3 * s, z - thing.hull.foot + 0.7 * tall)


def bystander(thing: Thing, at: Vector, place: Place, order: int = 0) -> Thing:
    """Put somebody beside what happens, looking at it."""
    body: Body = thing.hull
    x = at[0] - 0.75 - body.girth - 0.6 * order
    y = at[1] + 0.35 + 0.4 * order
    look = math.atan2(at[1] - y - 0.8, at[0] - x)
    return standing_at(facing(thing, look), x, y, place)
