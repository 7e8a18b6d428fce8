"""Acting: where a subject's actors begin and what they do, alone, with others, with things."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from engine.engines.scene.language.script import Subject
from engine.engines.scene.language.vocabulary import Place
from engine.engines.scene.scene import plans
from engine.engines.scene.scene.plans import CAMERA, WAY, Shoot
from engine.engines.scene.scene.relations import Anchor, related
from engine.engines.scene.scene.resume import is_kept
from engine.engines.scene.scene.things import Thing, moved
from engine.engines.scene.scene.world import Act, WorldState

HANDS = frozenset({"throw", "kick", "catch", "hold"})
SITS = frozenset({"sit", "lie", "ride", "drive", "swing"})
AFTER = frozenset({"towards", "after", "behind", "at"})
CRASHES = frozenset({"into", "through", "against", "at"})
CRASH_PACE = 2.2  # times the usual speed, of who drives into something
SADDLED = frozenset({"car", "bike", "horse", "boat"})  # one sits in or on them
CHAIRS = frozenset({"swing", "chair", "sofa"})  # one sits on them with one's legs down
SHOWN = frozenset({"spin", "dance", "stand", "wave", "talk", "flip", "jump"})
SEATED = frozenset({"wave", "nod", "point", "clap", "cheer"})  # what one does on a chair too
SWUNG, SWING_LENGTH = math.radians(42.0), 1.6  # of a swing with its rider: how far, m
SEATS = frozenset({"swing", "seesaw", "chair", "sofa"})
CHASES = frozenset({"run", "chase"})
ELBOW_ROOM = 1.25  # m between two who stand side by side
ARM = 2.2  # m between two who throw something to each other
SEAT_AHEAD = 0.22  # of one's height: how far the feet are before the seat
HEAD_START = 1.3  # m that who is chased is ahead


class Cast(Protocol):
    """What acting needs to see of the stage."""

    subjects: tuple[Subject, ...]
    order: list[int]
    groups: dict[int, list[Thing]]
    placed: dict[int, list[Thing]]
    place: Place
    seconds: float
    after: WorldState | None

    def _anchor(self, i: int) -> tuple[str, Anchor] | None: ...


def _shifted(plan: tuple[Act, ...], dx: float, dy: float) -> tuple[Act, ...]:
    """The plan with all its places moved."""
    return tuple(
        replace(act, towards=(act.towards[0] + dx, act.towards[1] + dy, act.towards[2]))
        if act.towards
        else act
        for act in plan
    )


def _displaced(thing: Thing, dx: float, dy: float) -> Thing:
    """The thing and its plan, so many metres aside."""
    put = thing.moved_to(moved(thing.hull, dx, dy))
    return replace(put, plan=_shifted(thing.plan, dx, dy))


def _seated(thing: Thing) -> Thing:
    """The thing, doing all of its plan sitting."""
    return replace(thing, plan=tuple(replace(act, is_seated=True) for act in thing.plan))


class Acting:
    """Stages subject `i`; puts those it acts with into the stage's `placed`."""

    def __init__(self, stage: Cast, i: int, things: list[Thing]) -> None:
        self.stage, self.i, self.things = stage, i, things
        self.subject = stage.subjects[i]
        self.place = stage.place
        self.action = plans.action_of(things[0])
        self.shot = Shoot(stage.place, stage.seconds)

    def staged(self) -> list[Thing]:
        """Its actors in their places, with their plans."""
        at = self.stage._anchor(self.i) or self._mount()
        if self._is_driven():
            return self._driving()
        if self.action in HANDS and (ball := self._object()) is not None:
            return self._playing(ball, at)
        if at is not None and (not self._travels() or self.action in SITS):
            return self._by(at)
        if self.action in CHASES and (chased := self._target()) is not None:
            return self._chasing(chased)
        return self._travelling(at) if self._travels() else self._in_formation()

    # ── alone ──

    def _travels(self) -> bool:
        return any(plans.speed_of(self.things[0], a) for a in plans.actions_of(self.things[0]))

    def _travelling(self, at: tuple[str, Anchor] | None) -> list[Thing]:
        if at is not None and at[0] == "around":
            return [self._circling(thing, at[1].things[0]) for thing in self.things]
        if at is not None and at[0] != "over":
            return [self._approaching(thing, at[1].things[0]) for thing in self.things]
        lanes = len(self.things)
        staged = []
        for lane, thing in enumerate(self.things):
            shot = replace(self.shot, lane=lane, lanes=lanes)
            # The nearer ones further back, or each would hide the next.
            behind = max(0.35, 0.6 * plans.lane_room(thing)) * (lanes - 1 - lane)
            gone = plans.travelling(thing, shot)
            gone = _displaced(gone, -behind * math.cos(WAY), -behind * math.sin(WAY))
            staged.append(self._onward(self._clear(gone), thing))
        return staged

    def _onward(self, gone: Thing, thing: Thing) -> Thing:
        """Who was under way in the shot before goes on from there, as far again."""
        if not is_kept(thing, self.stage.after) or self.place.backdrop == "room":
            return gone
        (x, y, _), (from_x, from_y, _) = thing.hull.position, gone.hull.position
        return replace(gone, plan=_shifted(gone.plan, x - from_x, y - from_y))

    def _clear(self, thing: Thing) -> Thing:
        """Shift a way to the front of what stands in the middle."""
        if not any(j != self.i and self._is_thing(j) for j in self.stage.order):
            return thing
        return _displaced(thing, -0.9 * math.sin(-WAY), -0.9 * math.cos(-WAY))

    def _is_thing(self, j: int) -> bool:
        return self.stage.groups[j][0].actor is None

    def _in_formation(self) -> list[Thing]:
        """Beside the others who stay where they are, all looking at the camera."""
        fellows = list(self._standing_actors())
        room = max(ELBOW_ROOM, 0.4 + 2.1 * max(thing.hull.girth for thing in self.things))
        places = plans.spots(sum(len(self.stage.groups[j]) for j in fellows), room)
        before = sum(len(self.stage.groups[j]) for j in fellows[: fellows.index(self.i)])
        aside = 0.0
        if any(j != self.i and self._is_thing(j) for j in self.stage.order):
            aside = -0.55 - room * 0.5 * min(len(places), 3)
        staged = []
        for k, thing in enumerate(self.things):
            x, y = places[before + k]
            look = CAMERA + math.radians(14.0) * (-1.0 if x > 0 else 1.0 if x < 0 else 0.4)
            if thing.actor not in {"person", "child", "robot"}:
                look += math.radians(42.0)  # an animal is seen from the side
            put = plans.standing_at(plans.facing(thing, look), x + aside, y, self.place)
            staged.append(plans.on_the_spot(put, self.shot))
        return staged

    def _standing_actors(self) -> Iterator[int]:
        for j in self.stage.order:
            things = self.stage.groups[j]
            if things[0].actor is None or things[0].is_standing:
                continue
            moves = any(plans.speed_of(things[0], a) for a in plans.actions_of(things[0]))
            if j == self.i or (not moves and self.stage._anchor(j) is None):
                yield j

    # ── by something ──

    def _mount(self) -> tuple[str, Anchor] | None:
        """What it sits on, rides or drives, when the prompt only names it as a target."""
        if self.action not in SITS:
            return None
        for j, things in self.stage.placed.items():
            is_mount = things[0].seat is not None or things[0].actor == "horse"
            if j != self.i and self.stage.subjects[j].is_target and is_mount:
                return "on", Anchor(things, [])
        return None

    def _by(self, at: tuple[str, Anchor]) -> list[Thing]:
        kind, anchor = at
        if kind == "over" and self.action == "jump":
            return [self._jumping_over(thing, anchor.things[0]) for thing in self.things]
        support = anchor.things[0] if kind in {"on", "in"} else None
        look = CAMERA + math.radians(20.0)
        if support is not None and (support.seat or support.actor):
            look = self._look_from(support)
        if support is not None and (support.actor in SADDLED or support.kind in SEATS):
            self._sit_down(is_on_seat=support.kind in CHAIRS)
            self._set_swinging(support)
        hulls = []
        for thing in self.things:
            turned = plans.facing(thing, look)
            hulls.append(replace(turned.hull, position=(0.0, 0.0, thing.hull.foot)))
        bodies = related(hulls, kind, anchor)
        staged = []
        for thing, body in zip(self.things, bodies, strict=True):
            velocity = support.hull.velocity if support else (0.0, 0.0, 0.0)
            put = thing.moved_to(replace(body, velocity=velocity))
            if support is not None and support.seat and self.action in {"sit", "swing", "drive"}:
                put = self._before_seat(put, look)
            acting = plans.on_the_spot(put, self.shot, support=support.first if support else None)
            staged.append(_seated(acting) if support and support.kind in CHAIRS else acting)
        return staged

    def _look_from(self, support: Thing) -> float:
        """Where one looks who is on it, radians: ahead of it, or half to the camera."""
        ahead = plans.heading_of(support)
        is_shown = self.action in SHOWN and support.kind not in CHAIRS
        return 0.5 * (ahead + CAMERA) if is_shown else ahead

    def _sit_down(self, *, is_on_seat: bool) -> None:
        """All that they do, they do sitting: gestures where one can, else nothing more."""
        said = (self.action, *self.subject.then)
        then = tuple(action for action in said if is_on_seat and action in SEATED)
        sitting = replace(self.subject, action="sit", then=then)
        self.things = [replace(thing, subject=sitting) for thing in self.things]
        self.action = "sit"

    def _set_swinging(self, seat: Thing) -> None:
        """A swing with somebody on it is on its way forward when one first sees it."""
        if seat.kind != "swing":
            return
        speed = 2.0 * math.sin(0.5 * SWUNG) * math.sqrt(self.place.gravity / SWING_LENGTH)
        for things in self.stage.placed.values():
            for k, thing in enumerate(things):
                if thing is seat:
                    bodies = tuple(
                        body if body.is_fixed else replace(body, spin=(0.0, -speed, 0.0))
                        for body in thing.bodies
                    )
                    things[k] = replace(thing, bodies=bodies)

    def _before_seat(self, thing: Thing, look: float) -> Thing:
        """Stand so far before the middle of the seat that one sits down on it."""
        leg = SEAT_AHEAD * (thing.hull.foot + thing.hull.reach(0.0, 0.0, 1.0))
        return thing.moved_to(moved(thing.hull, leg * math.cos(look), leg * math.sin(look)))

    def _approaching(self, thing: Thing, host: Thing) -> Thing:
        c, s = math.cos(WAY), math.sin(WAY)
        stop = host.hull.reach(-c, -s, 0.0) + thing.hull.girth + 0.3
        x, y, _ = host.hull.position
        speed = plans.speed_of(thing, self.action)
        far = min(speed * 0.75 * self.shot.seconds, 4.5)
        goal = (x - c * stop, y - s * stop, plans.goal_height(thing, self.place))
        put = plans.standing_at(
            plans.facing(thing, WAY), goal[0] - c * far, goal[1] - s * far, self.place
        )
        arrival = far / max(speed, 0.1) + 0.4
        later = plans.actions_of(thing)[1:] or ["stand"]
        plan = (
            Act(0.0, self.action, towards=goal, pace=self.subject.pace),
            *(Act(arrival + 1.5 * k, action) for k, action in enumerate(later)),
        )
        return replace(put, plan=plan)

    def _circling(self, thing: Thing, host: Thing) -> Thing:
        """Round it on an octagon, once and on."""
        x, y, _ = host.hull.position
        far = host.hull.girth + thing.hull.girth + 0.7
        speed = max(plans.speed_of(thing, self.action), 0.3)
        level = plans.goal_height(thing, self.place)
        corners = [
            (x + far * math.cos(a), y + far * math.sin(a), level)
            for a in (math.radians(-160.0 + 45.0 * k) for k in range(17))
        ]
        every = math.dist(corners[0], corners[1]) / speed
        put = plans.standing_at(plans.facing(thing, CAMERA), *corners[0][:2], self.place)
        plan = tuple(
            Act(every * k, self.action, towards=corner, pace=self.subject.pace)
            for k, corner in enumerate(corners[1:])
            if every * k < self.shot.seconds
        )
        return replace(put, plan=plan)

    def _jumping_over(self, thing: Thing, host: Thing) -> Thing:
        c, s = math.cos(WAY), math.sin(WAY)
        x, y, _ = host.hull.position
        run_up = 2.2 + host.hull.girth
        off = host.hull.reach(-c, -s, 0.0) + 0.55
        put = plans.standing_at(
            plans.facing(thing, WAY), x - c * (run_up + off), y - s * (run_up + off), self.place
        )
        speed = plans.PACES.get(thing.actor or "", (1.3, 3.0))[1]
        beyond = (x + c * (off + 2.2), y + s * (off + 2.2), 0.0)
        leap = (run_up - 0.5) / speed  # the legs need a moment to push
        plan = (
            Act(0.0, "run", towards=beyond, pace=self.subject.pace),
            Act(leap, "jump", towards=beyond, with_body=host.first, pace=self.subject.pace),
            Act(leap + 0.9, "run", towards=beyond, pace=self.subject.pace),
            Act(leap + 2.0, "stand"),
        )
        return replace(put, plan=plan)

    # ── vehicles ──

    def _is_driven(self) -> bool:
        """Whether somebody else in the shot rides or drives it, or it drives by itself."""
        if self.things[0].actor not in {"car", "bike", "skateboard", "boat", "horse"}:
            return False
        if self.things[0].actor == "car" and self.action == "drive":
            return True
        return any(
            subject.action in {"ride", "drive"}
            and self.stage.groups[j][0].actor in {"person", "child", "robot"}
            and (subject.relation is None or subject.relation.other == self.i)
            for j, subject in enumerate(self.stage.subjects)
            if j != self.i and j in self.stage.groups
        )

    def _driving(self) -> list[Thing]:
        relation = self.subject.relation
        into = relation.other if relation and relation.kind in CRASHES else None
        targets = [
            things[0]
            for j, things in self.stage.placed.items()
            if j != self.i and (self.stage.subjects[j].is_target or j == into)
        ]
        staged = []
        for lane, thing in enumerate(self.things):
            doing = "walk" if thing.actor == "horse" else "drive"
            pace = self.subject.pace * (CRASH_PACE if targets else 1.0)
            going = replace(thing, subject=replace(self.subject, action=doing, pace=pace))
            shot = replace(self.shot, lane=lane, lanes=len(self.things))
            room = 2.2 * thing.hull.reach(0.0, 1.0, 0.0) if lane else 0.0
            gone = plans.travelling(going, shot, behind=room)
            staged.append(replace(gone, subject=self.subject))
        return staged

    # ── with things and with each other ──

    def _object(self) -> int | None:
        """The thing that is thrown, kicked or caught."""
        held = self.subject.relation
        if held is not None and held.kind == "with" and self._is_thing(held.other):
            return held.other
        loose = [
            j
            for j in self.stage.order
            if j != self.i and self._is_thing(j) and not self.stage.groups[j][0].is_standing
        ]
        relation = self.subject.relation
        hosts = {relation.other} if relation else set()
        wanted = [j for j in loose if j not in hosts and self.stage.groups[j][0].hull.girth < 0.5]
        return next(
            (j for j in wanted if self.stage.subjects[j].is_target), next(iter(wanted), None)
        )

    def _target(self) -> int | None:
        """Whom or what it runs after."""
        relation = self.subject.relation
        if relation is not None:
            is_there = relation.other in self.stage.groups and relation.other != self.i
            return relation.other if is_there and relation.kind in AFTER else None
        return next(
            (j for j in self.stage.order if j != self.i and self.stage.subjects[j].is_target), None
        )

    def _partner(self) -> int | None:
        """Who catches what this one throws, or the other way round."""
        ball = self._object()
        aim = self.stage.subjects[ball].relation if ball is not None else None
        if aim is not None and aim.other in self.stage.groups and aim.other != self.i:
            return None if self._is_thing(aim.other) else aim.other
        for j in self.stage.order:
            things = self.stage.groups[j]
            if j == self.i or things[0].actor is None or things[0].is_standing:
                continue
            if self.stage.subjects[j].action in {None, "catch", "rest"} or (
                self.action == "catch" and self.stage.subjects[j].action == "throw"
            ):
                return j
        return None

    def _playing(self, ball: int, at: tuple[str, Anchor] | None) -> list[Thing]:
        """Throw, kick, catch or hold: between two, at something, or for oneself."""
        partner = self._partner()
        if partner is not None and partner not in self.stage.placed:
            first, second = self._between(ball, self.stage.groups[partner][0])
            self.stage.placed[partner] = [second, *self.stage.groups[partner][1:]]
            return [first, *self.things[1:]]
        if len(self.things) > 1:
            return [*self._between(ball, self.things[1]), *self.things[2:]]
        return [self._alone_with(ball, at)]

    def _between(self, ball: int, other: Thing) -> tuple[Thing, Thing]:
        """One throws or kicks to the other, who catches."""
        balls = self.stage.groups[ball]
        first, second = plans.face_to_face(self.things[0], other, ARM, self.place)
        if self.action == "catch":
            thrower = replace(second, subject=replace(second.subject, action="throw"))
            thrower, held = plans.with_object(thrower, balls[0], plans.chest_of(first))
            second = replace(thrower, subject=second.subject)
            first = plans.catching(first, balls[0], plans.THROW_AT)
        else:
            first, held = plans.with_object(first, balls[0], plans.chest_of(second))
            second = plans.catching(second, balls[0], plans.THROW_AT)
        self.stage.placed[ball] = [held, *self._spare(balls[1:])]
        return first, second

    def _alone_with(self, ball: int, at: tuple[str, Anchor] | None) -> Thing:
        balls, thing = self.stage.groups[ball], self.things[0]
        host = self._host(ball, at)
        if self.action == "catch":
            facing = plans.facing(thing, CAMERA + math.radians(50.0))
            thing = plans.standing_at(facing, 0.0, 0.0, self.place)
            flying = plans.tossed_to(balls[0], thing, self.place.gravity)
            self.stage.placed[ball] = [flying, *self._spare(balls[1:])]
            return plans.catching(thing, balls[0], 0.2)
        if host is not None:
            thing = self._opposite(thing, host)
        else:
            facing = plans.facing(thing, plans.ASIDE)
            thing = plans.standing_at(facing, -1.0, -0.5, self.place)
        thing, held = plans.with_object(thing, balls[0], host.top if host else None)
        self.stage.placed[ball] = [held, *self._spare(balls[1:])]
        return thing

    def _spare(self, balls: list[Thing]) -> list[Thing]:
        """What nobody holds lies on the ground behind."""
        return [
            plans.standing_at(ball, -0.6 + 0.5 * k, 1.2, self.place) for k, ball in enumerate(balls)
        ]

    def _host(self, ball: int, at: tuple[str, Anchor] | None) -> Thing | None:
        """What it throws at: a hoop, a wall, a basket."""
        if at is not None:
            return at[1].things[0]
        aim = self.stage.subjects[ball].relation
        if aim is not None and aim.other in self.stage.placed:
            return self.stage.placed[aim.other][0]
        stands = [
            things[0]
            for j, things in self.stage.placed.items()
            if j != self.i and (things[0].is_standing or self.stage.subjects[j].kind.role)
        ]
        return stands[0] if stands else None

    def _opposite(self, thing: Thing, host: Thing) -> Thing:
        """So far before what it throws at that one sees the flight."""
        back = plans.heading_of(host) + math.pi
        x, y, _ = host.hull.position
        far = 2.6 + host.hull.reach(math.cos(back), math.sin(back), 0.0)
        x, y = x + far * math.cos(back), y + far * math.sin(back)
        return plans.standing_at(plans.facing(thing, back + math.pi), x, y, self.place)

    def _chasing(self, chased: int) -> list[Thing]:
        """Behind whom or what they are after, both on one way."""
        stage = self.stage
        target = stage.groups[chased][0]
        staged = [
            plans.travelling(
                replace(thing, subject=replace(thing.subject, action="run")),
                self.shot,
                behind=HEAD_START + 0.7 * k,
            )
            for k, thing in enumerate(self.things)
        ]
        staged = [replace(t, subject=self.subject) for t in staged]
        if chased not in stage.placed and target.actor is not None:
            runs = replace(target, subject=replace(target.subject, action="run"))
            gone = plans.travelling(runs, self.shot)
            stage.placed[chased] = [
                replace(gone, subject=target.subject),
                *stage.groups[chased][1:],
            ]
        elif target.actor is None and not target.is_standing and not target.hull.is_fixed:
            stage.placed[chased] = [self._rolling_ahead(target, staged[0])]
            stage.placed[chased] += stage.groups[chased][1:]
        plan_with = [
            tuple(
                replace(act, with_body=target.first) if act.action == "run" else act
                for act in t.plan
            )
            for t in staged
        ]
        return [replace(t, plan=plan) for t, plan in zip(staged, plan_with, strict=True)]

    def _rolling_ahead(self, ball: Thing, chaser: Thing) -> Thing:
        c, s = math.cos(WAY), math.sin(WAY)
        x, y, _ = chaser.hull.position
        ahead = HEAD_START + chaser.hull.girth
        v = 0.8 * plans.speed_of(
            replace(chaser, subject=replace(chaser.subject, action="run")), "run"
        )
        radius = ball.hull.foot
        put = plans.standing_at(ball, x + c * ahead, y + s * ahead, self.place)
        return put.moved_to(
            replace(
                put.hull,
                velocity=(c * v, s * v, 0.0),
                spin=(-s * v / radius, c * v / radius, 0.0),
            )
        )
