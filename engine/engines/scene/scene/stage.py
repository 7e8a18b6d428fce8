"""Stage: who of a script is where, and does what; each placed in respect of those before."""

import math
from dataclasses import replace

import numpy as np

from engine.engines.scene.language.script import Script, Subject
from engine.engines.scene.language.vocabulary import Place
from engine.engines.scene.scene.acting import HANDS, Acting
from engine.engines.scene.scene.arrangements import arranged, arrangement_of, is_slender
from engine.engines.scene.scene.cast import make_cast
from engine.engines.scene.scene.islets import is_landbound, on_islet
from engine.engines.scene.scene.motions import STAGERS, Staging
from engine.engines.scene.scene.overlap import overlaps_any
from engine.engines.scene.scene.relations import PLACERS, Anchor, related, relation_name
from engine.engines.scene.scene.resume import is_kept, kept_thing
from engine.engines.scene.scene.solids import Body, turned
from engine.engines.scene.scene.things import Thing, chance, draught, moved, triple, yawed
from engine.engines.scene.scene.world import WorldState

HEADING = math.radians(48.0)  # things run from the left front to the right back: what runs straight
HEADING_WITH_PIECE = math.radians(-30.0)  # across leaves the picture; or down a piece of the set
HEADING_TO_HOOP = math.radians(36.0)
RUN_ON = {"ramp": "down_ramp", "stairs": "down_stairs", "table": "off_table"}
PILES = frozenset({"stack", "pyramid"})
STILL = frozenset({"sit", "lie", "talk", "stand"})
RUNS = frozenset(
    {"roll", "slide", "tumble", "drop", "bounce", "topple", "crash", "jump", "hop", None}
)
AIMED = frozenset({"throw", "kick", "crash", "roll", "slide", "drive", "catch"})
ON_THE_SPOT = frozenset({
    "drop", "bounce", "tumble", "hop", "jump", "rest", "spin", "float", "hover", "sink", "splash",
    "burst", "fly",
})  # fmt: skip
FRONTS = {  # degrees that standing things are turned by, so that one sees what they are
    "chair": -62.0, "sofa": -75.0, "bed": -50.0, "car": -28.0, "truck": -28.0, "bus": -28.0,
    "boat": -20.0, "sailboat": -20.0, "raft": -15.0, "bike": -20.0, "plane": -35.0,
}  # fmt: skip
AS_DRAWN = frozenset({"sign", "building", "billboard", "poster", "statue", "lamp_post"})
SWUNG_INTO = frozenset({"into", "at", "against", "through", "towards", "on", "with"})
HOUSED = frozenset({"hoop", "backboard", "goal"})


class Stage:
    """Fills itself once; `decor` are the subjects that it leaves to the scenery."""

    def __init__(
        self,
        script: Script,
        place: Place,
        seed: int,
        seconds: float,
        after: WorldState | None,
    ) -> None:
        self.subjects = script.subjects
        self.place, self.seed, self.seconds = place, seed, seconds
        anchors = {
            s.relation.other
            for s in self.subjects
            if s.relation and relation_name(s.relation.kind) in PLACERS
        }
        self.decor = {
            i
            for i, s in enumerate(self.subjects)
            if s.kind.is_scenery and not s.kind.role and not s.is_target and i not in anchors
            and s.kind.name not in HOUSED
        }  # fmt: skip
        self.order = self._order()
        self.groups: dict[int, list[Thing]] = {}
        self.placed: dict[int, list[Thing]] = {}
        self.after = after
        self._make()

    # ── who there is ──

    def _order(self) -> list[int]:
        """Pieces of the set, then targets, then who acts: so the world's bodies are numbered."""

        def rank(i: int) -> int:
            subject = self.subjects[i]
            return 0 if subject.kind.is_scenery else 1 if subject.is_target else 2

        return sorted((i for i in range(len(self.subjects)) if i not in self.decor), key=rank)

    def _make(self) -> None:
        cast = make_cast([self.subjects[i] for i in self.order], self.seed, self.subjects)
        first = 0
        for i, things in zip(self.order, cast, strict=True):
            numbered = []
            for thing in things:
                grounded = on_islet(thing) if is_landbound(thing, self.place) else thing
                numbered.append(replace(grounded, first=first))
                first += len(thing.bodies)
            self.groups[i] = numbered

    def fill(self) -> list[Thing]:
        """Place everybody; the things come back in the order of the world's bodies."""
        for i in self._by_relation():
            if i not in self.placed:
                self._stage(i)
                self.placed[i] = [kept_thing(thing, self.after) for thing in self.placed[i]]
        self._part()
        return [thing for i in self.order for thing in self.placed[i]]

    def _by_relation(self) -> list[int]:
        """Whoever others are placed by comes before them; apart from that, the usual order."""
        done: list[int] = []
        waiting = list(self.order)
        while waiting:
            free = (i for i in waiting if not any(j in waiting for j in self._anchors_of(i)))
            chosen = next(free, waiting[0])
            done.append(chosen)
            waiting.remove(chosen)
        return done

    def _anchors_of(self, i: int) -> list[int]:
        """Whom subject i is placed by: one, or of "between" the next as well."""
        other, relation = self._anchor_index(i), self.subjects[i].relation
        if other is None or relation is None:
            return []
        if relation_name(relation.kind) != "between" or len(self.groups[other]) > 1:
            return [other]
        later = (j for j in self.order if j > other and j != i and self._anchor_index(j) is None)
        return [other, *list(later)[:1]]

    def _anchor_index(self, i: int) -> int | None:
        relation = self.subjects[i].relation
        if relation is None or relation.other == i or relation.other not in self.groups:
            return None
        return relation.other

    # ── one subject ──

    def _stage(self, i: int) -> None:
        subject, things = self.subjects[i], self.groups[i]
        if subject.kind.role and not things[0].joints and subject.kind.name not in HOUSED:
            self.placed[i] = [_as_drawn(thing) for thing in things]
        elif things[0].is_standing:
            self.placed[i] = self._standing(i, things)
        elif things[0].actor:
            self.placed[i] = self._acting(i, things)
        else:
            self.placed[i] = self._moving(i, things)

    @property
    def _heading(self) -> float:
        if any(self.subjects[i].kind.name in HOUSED for i in self.order):
            return HEADING_TO_HOOP
        if any(self.groups[i][0].actor == "car" for i in self.order):
            return HEADING_WITH_PIECE  # as cars drive, so that a wall stands across their way
        roles = {self.subjects[i].kind.role for i in self.order}
        return HEADING_WITH_PIECE if roles & set(RUN_ON) else HEADING

    def _anchor(self, i: int) -> tuple[str, Anchor] | None:
        """What subject i is placed by: how, and the things there."""
        relation, other = self.subjects[i].relation, self._anchor_index(i)
        if relation is None or other is None or other not in self.placed:
            return None
        kind = relation_name(relation.kind)
        if kind not in PLACERS:
            return None
        second = [t for j in self._anchors_of(i)[1:] for t in self.placed.get(j, [])]
        return kind, Anchor(self.placed[other], second)

    def _standing(self, i: int, things: list[Thing]) -> list[Thing]:
        """Set pieces: beside each other across the view, around the middle."""
        room = 2.0 * max(thing.hull.girth for thing in things) + 0.5
        at = self._anchor(i)
        before, beside = self._swing_room(i, things[0])
        placed = []
        for k, thing in enumerate(things):
            x = (k - 0.5 * (len(things) - 1)) * room
            if thing.kind in AS_DRAWN:
                turn = turned((0.0, 0.0, 0.0))
            else:
                turn = turned((0.0, 0.0, math.degrees(self._heading)))
            c, s = math.cos(self._heading), math.sin(self._heading)
            at_x, at_y = x - before * c - beside * s, -before * s + beside * c
            placed.append(thing.put_at(at_x, at_y, 0.0, turn))
        if at is not None and not before:
            bodies = related([t.hull for t in placed], at[0], at[1])
            placed = [t.moved_to(body) for t, body in zip(placed, bodies, strict=True)]
        return placed

    def _swing_room(self, i: int, thing: Thing) -> tuple[float, float]:
        """Where a pendulum hangs to meet its targets at its lowest: ahead, and to the left."""
        if not thing.joints or self.subjects[i].is_target:
            return 0.0, 0.0
        relation = self.subjects[i].relation
        hit = {relation.other} if relation and relation.kind in SWUNG_INTO else set()
        hit |= {j for j in self.placed if self.subjects[j].is_target}
        targets = [target for j in hit & set(self.placed) for target in self.placed[j]]
        if not targets:
            return 0.0, 0.0
        c, s = math.cos(self._heading), math.sin(self._heading)

        def nearness(hull: Body) -> float:
            return hull.reach(-c, -s, 0.0) - c * hull.position[0] - s * hull.position[1]

        first = max((target.hull for target in targets), key=nearness)
        beside = c * first.position[1] - s * first.position[0]
        return nearness(first) + thing.bodies[0].parts[0].bound + 0.06, beside

    # ── things that move because they are let go, pushed or thrown ──

    def _moving(self, i: int, things: list[Thing]) -> list[Thing]:
        subject = self.subjects[i]
        motion = self._motion(i)
        at = self._anchor(i)
        staging = self._staging(i, motion, at)
        bodies = [thing.hull for thing in things]
        if at is not None and not (motion in AIMED and at[0] not in {"behind", "next to"}):
            bodies = self._in_place(bodies, at, motion, staging)
        else:
            bodies = self._across(i, bodies, subject, motion, staging)
            if staging.aim is not None and at is not None:
                x, y, _ = at[1].things[0].top
                bodies = [moved(body, x, y) for body in bodies]
        return [thing.moved_to(body) for thing, body in zip(things, bodies, strict=True)]

    def _across(
        self, i: int, bodies: list[Body], subject: Subject, motion: str, staging: Staging
    ) -> list[Body]:
        """Arranged around the middle, set in motion, and turned with the stage."""
        bodies = arranged(bodies, subject)
        if self.place.water and motion not in {"throw", "drop", "bounce"}:
            load = self._load(i) / len(bodies)
            bodies = [moved(body, 0.0, 0.0, -_sunk(body, load)) for body in bodies]
        bodies = list(STAGERS[motion](bodies, staging))
        acting = [j for j in self.order if not self.subjects[j].is_target and self._is_loose(j)]
        if i in acting and len(acting) > 1:
            widest = max(self.groups[j][0].hull.girth for j in acting)
            is_split = any(s.relation and s.relation.kind == "between" for s in self.subjects)
            room = max(0.75, 2.3 * widest) * (2.0 if is_split else 1.0)
            shift = (acting.index(i) - 0.5 * (len(acting) - 1)) * room
            bodies = [_in_lane(body, shift, motion) for body in bodies]
        if subject.is_target:
            nth = [j for j in self.order if self.subjects[j].is_target].index(i)
            bodies = [moved(body, 1.1 * nth) for body in bodies]
        return [self._turned(body, subject) for body in bodies]

    def _load(self, i: int) -> float:
        """Kilograms of all that is on what subject i is made into."""
        riders = [
            j
            for j in self.order
            if (relation := self.subjects[j].relation) is not None
            and self._anchor_index(j) == i
            and relation_name(relation.kind) in {"on", "in"}
        ]
        return float(sum(thing.hull.mass for j in riders for thing in self.groups[j]))

    def _is_loose(self, i: int) -> bool:
        things = self.groups[i]
        is_set = things[0].is_standing or things[0].actor or self.subjects[i].kind.role
        return not is_set and self._anchor_index(i) is None

    def _turned(self, body: Body, subject: Subject) -> Body:
        """Turn with the stage; who stands keeps looking at the camera."""
        headed = yawed(body, self._heading)
        if body.is_upright and not body.is_fixed:
            return replace(headed, rotation=body.rotation)
        if subject.kind.name in FRONTS and subject.action in {None, "rest"}:
            return replace(headed, rotation=turned((0.0, 0.0, FRONTS[subject.kind.name])))
        return headed

    def _in_place(
        self, bodies: list[Body], at: tuple[str, Anchor], motion: str, staging: Staging
    ) -> list[Body]:
        """Where the relation wants them, with what the motion adds to standing there."""
        standing = [replace(body, position=(0.0, 0.0, body.foot)) for body in bodies]
        placed = related(standing, at[0], at[1])
        if at[0] in {"into", "over"} and motion not in {"spin", "tumble"}:
            return placed
        if motion not in ON_THE_SPOT:
            return placed
        staging = replace(staging, aim=None, aim_top=0.0)
        result = []
        for body, start in zip(placed, standing, strict=True):
            done = next(iter(STAGERS[motion]([start], staging)))
            change = np.array(done.position) - np.array(start.position)
            if motion in {"drop", "bounce"} and at[0] in {"on", "in"}:
                change = np.array((0.0, 0.0, 0.9))
            result.append(replace(done, position=triple(np.array(body.position) + change)))
        return result

    def _motion(self, i: int) -> str:
        """The name of the stager that does what the subject does here."""
        subject, body = self.subjects[i], self.groups[i][0].hull
        if subject.is_target:
            return "rest" if subject.action in HANDS else _known(subject.action or "rest", body)
        if (run := self._run_on(i)) is not None:
            return run
        if self._falls_over(i):
            return "topple"
        return _known(subject.action or self._left_alone(i), body)

    def _run_on(self, i: int) -> str | None:
        """How it runs on a ramp, stairs or a table that is there."""
        subject = self.subjects[i]
        roles = (self.subjects[j].kind.role for j in self.order)
        role = next((role for role in roles if role in RUN_ON), None)
        relation = subject.relation
        is_placed = relation is not None and relation_name(relation.kind) in PLACERS
        is_placed = is_placed and subject.action not in {"roll", "slide"}
        if role is None or subject.action not in RUNS or is_placed:
            return None
        return None if self.groups[i][0].hull.is_upright else RUN_ON[role]

    def _falls_over(self, i: int) -> bool:
        """A pile or a row of dominoes that falls does so from where it stands."""
        subject, things = self.subjects[i], self.groups[i]
        is_slim = is_slender(things[0].hull)
        arrangement = arrangement_of(subject, [thing.hull for thing in things])
        if len(things) == 1 or not (arrangement in PILES or (arrangement == "row" and is_slim)):
            return False
        return subject.action in {"drop", "topple", "crash", "tumble"} or (
            subject.action is None
            and is_slim
            and subject.arrangement == "row"
            and not any(self._anchor_index(j) == i for j in self.order)  # it waits to be hit
        )

    def _left_alone(self, i: int) -> str:
        """What a thing does of which nothing is said: something, when nothing else happens."""
        subject, body = self.subjects[i], self.groups[i][0].hull
        if subject.relation is not None or subject.arrangement:
            return "rest"
        if any(s.relation is not None and s.relation.other == i for s in self.subjects):
            return "rest"  # where something stands on it or beside it
        if any(self.subjects[j].action for j in self.order if j != i):
            return "rest"
        if self.place.water or subject.kind.floats:
            return "float"
        if body.is_upright:
            return "hop"
        return "rest" if subject.kind.name in FRONTS or len(body.parts) > 8 else "drop"

    def _staging(self, i: int, motion: str, at: tuple[str, Anchor] | None) -> Staging:
        """What the motion of subject i is aimed at."""
        targets = [
            thing
            for j, things in self.placed.items()
            if self.subjects[j].is_target and j != i
            for thing in things
        ]
        if at is not None and motion in AIMED:
            targets = at[1].things
        walls = [
            thing
            for j, things in self.placed.items()
            if self.subjects[j].kind.role == "wall"
            for thing in things
        ]
        base = Staging(
            rng=chance(self.seed, self.groups[i][0].name, "motion"),
            gravity=self.place.gravity,
            on_water=self.place.water,
        )
        if targets and not self.subjects[i].is_target:
            return self._aimed(base, targets, motion)
        if walls and motion in AIMED:
            return replace(base, aim=(0.8, 0.0, 0.9), aim_mass=1e3, aim_top=1.4)
        return base

    def _aimed(self, base: Staging, targets: list[Thing], motion: str) -> Staging:
        hulls = [target.hull for target in targets]
        top = max(body.position[2] + body.reach(0, 0, 1) for body in hulls)
        mass = sum(body.mass for body in hulls if not body.is_fixed)
        first = targets[0]
        if first.kind in HOUSED:
            height = first.top[2]
            is_ring = first.kind == "hoop"
            goal = (0.0, 0.0, height) if is_ring else (0.3, 0.0, height + 0.36)
            return replace(base, aim=goal, aim_mass=1e3, aim_top=height, is_opening=is_ring)
        is_container = first.seat is not None and first.kind in {"basket", "bucket", "open_box"}
        if is_container and motion == "throw":
            return replace(base, aim=(0.0, 0.0, top), aim_top=top, is_opening=True)
        return replace(base, aim=(0.0, 0.0, 0.5 * top), aim_mass=mass, aim_top=top)

    # ── those that move by themselves ──

    def _acting(self, i: int, things: list[Thing]) -> list[Thing]:
        things = [kept_thing(thing, self.after) for thing in things]
        return Acting(self, i, things).staged()

    # ── nobody inside anybody ──

    def _part(self) -> None:
        """Lift what is in the air, move what moves back, and what stands aside."""
        solid: dict[int, list[Body]] = {}
        for i in self._by_relation():
            group = []
            others = [
                body for j, bodies in solid.items() if j != self._seat_of(i) for body in bodies
            ]
            for thing in self.placed[i]:
                body = thing.hull if is_kept(thing, self.after) else _apart(thing.hull, others)
                others.append(body)
                group.append(thing.moved_to(body))
            self.placed[i] = group
            solid[i] = [thing.hull for thing in group]

    def _seat_of(self, i: int) -> int | None:
        """On or in what somebody sits; how the limbs go round it is not for the stage to know."""
        relation, other = self.subjects[i].relation, self._anchor_index(i)
        if other is None or relation is None or not self.groups[i][0].actor:
            return None
        sits = relation_name(relation.kind) in {"on", "in"} and self.groups[other][0].seat
        return other if sits else None


def _known(action: str, body: Body) -> str:
    """The action if things can do it; a toy that should walk or dance hops."""
    if action in STAGERS:
        return action
    return "hop" if body.is_upright and action not in STILL else "rest"


def _sunk(body: Body, load: float) -> float:
    """How deep it starts in the water: as it floats, or, when it does not, half under."""
    return min(draught(body, load), body.foot)


def _as_drawn(thing: Thing) -> Thing:
    """A set piece stands where its table row draws it; making it moved its centre to the origin."""
    kind = thing.subject.kind
    drawn = np.array(kind.parts[0].at) * thing.subject.scale - thing.hull.parts[0].at
    return thing.moved_to(yawed(replace(thing.hull, position=triple(drawn)), HEADING_WITH_PIECE))


def _in_lane(body: Body, shift: float, motion: str) -> Body:
    """Different subjects act side by side, the first in front."""
    if motion in ON_THE_SPOT:
        # Side by side as the camera sees them, so against the turn that the stage makes later.
        return moved(body, shift * math.cos(HEADING), -shift * math.sin(HEADING))
    return moved(body, 0.0, shift)


def _apart(body: Body, others: list[Body]) -> Body:
    """Move it until it begins in nobody: up from the air, back when it moves, aside when not."""
    is_airborne = body.position[2] - body.foot > 0.02
    speed = math.hypot(body.velocity[0], body.velocity[1])
    step = 0.25 * min(body.girth, 1.0)
    for k in range(200):
        if not overlaps_any(body, others):
            break
        if is_airborne and body.position[2] > 0.0:
            body = moved(body, 0.0, 0.0, step)
        elif speed > 0.2:
            vx, vy, _ = body.velocity
            body = moved(body, -step * vx / speed, -step * vy / speed)
        else:
            side = -1.0 if k % 2 else 1.0
            body = moved(body, side * (k + 1) * step, 0.2 * step)
    return body
