import numpy as np
import pytest

from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.scene.build import build_world
from engine.engines.scene.scene.world import World
from tests.engine.scenes import body, filmed, never, overlaps, script, subject, turn_of

SHOTS = {
    "tower": script(subject("crate", 7, action="topple", arrangement="stack")),
    "dominoes": script(subject("domino", 20, action="drop", arrangement="row")),
    "boxes hit": script(
        subject("ball", action="crash"),
        subject("cardboard_box", 6, is_target=True, arrangement="stack"),
    ),
    "hoop": script(
        subject("basketball", 3, ("into", 1), action="throw"), subject("hoop"), place="court"
    ),
    "wrecking ball": script(
        subject("wrecking_ball", action="crash"), subject("crate", 6, is_target=True)
    ),
    "apples on a table": script(subject("apple", 4, ("on", 1)), subject("table")),
    "three cars": script(subject("car", 3, action="drive"), place="street"),
    "five walk": script(subject("man", 5, action="walk"), place="street"),
    "nine dance": script(subject("dancer", 9, action="dance"), place="stage"),
    "kick": script(
        subject("boy", relation=("with", 1), action="kick"),
        subject("football", relation=("towards", 2), is_target=True),
        subject("girl", is_target=True),
        place="meadow",
    ),
    "balls into a basket": script(
        subject("tennis_ball", 5, ("into", 1), action="drop"), subject("basket")
    ),
    "ball into a box": script(subject("ball", relation=("into", 1), action="throw"),
                              subject("crate")),
    "plank against a wall": script(subject("plank", relation=("against", 1)), subject("wall")),
    "dog by a ball": script(subject("ball", relation=("next to", 1)), subject("dog")),
    "jump over": script(subject("girl", relation=("over", 1), action="jump"), subject("crate")),
    "boats": script(subject("boat", 3, action="float"), place="sea"),
    "float and sink": script(subject("crate", action="float"), subject("rock", action="sink"),
                             place="lake"),
    "spin on a board": script(subject("woman", relation=("on", 1), action="spin", turns=3),
                              subject("paddleboard"), place="sea"),
    "forty balls": script(subject("ball", 40, action="drop"), subject("man", action="wave")),
    "street": script(subject("building", 3), subject("car", action="drive"),
                     subject("street_lamp", 2), subject("sign", text="OPEN"), place="street"),
    "car and crates": script(subject("car", action="crash"),
                             subject("crate", 8, is_target=True), place="street"),
    "chase": script(subject("dog", relation=("towards", 1), action="run"),
                    subject("ball", is_target=True), place="meadow"),
    "room": script(subject("sofa"), subject("bed"), subject("chair", 2), place="room"),
    "ramp": script(subject("ball", 3, action="roll"), subject("ramp")),
    "family": script(subject("man", action="walk"), subject("dog", action="walk"),
                     subject("car"), place="street"),
}  # fmt: skip


def top(world: World, i: int) -> float:
    return world.bodies[i].position[2] + world.bodies[i].reach(0, 0, 1)


@pytest.mark.parametrize("name", SHOTS)
def test_nothing_begins_inside_another(name):
    for seed in (1, 7):
        assert overlaps(build_world(SHOTS[name], seed)) == []


@pytest.mark.parametrize("name", SHOTS)
def test_bodies_have_names_of_their_own_and_nobody_stands_in_the_ground(name):
    world = build_world(SHOTS[name], 3)
    names = [b.name for b in world.bodies]
    assert len(set(names)) == len(names)
    assert all(names)
    if not world.place.water:
        assert min(b.position[2] - b.foot for b in world.bodies) > -0.006


@pytest.mark.parametrize("name", SHOTS)
def test_actors_have_a_plan_that_begins_at_once_and_fits_the_shot(name):
    world = build_world(SHOTS[name], 3, seconds=4.0)
    for actor in world.actors:
        starts = [act.start for act in actor.plan]
        if starts:
            assert starts[0] == 0.0
            assert starts == sorted(starts)
            assert starts[-1] < 4.0


def test_the_same_seed_gives_the_same_world_and_another_seed_another():
    shot = script(subject("ball", 5, action="drop", colour="rainbow"))
    first, again, other = (build_world(shot, seed) for seed in (1, 1, 2))
    assert [b.position for b in first.bodies] == [b.position for b in again.bodies]
    assert [b.position for b in first.bodies] != [b.position for b in other.bodies]


def looks(world: World, name: str):
    return [
        (part.colour, part.size)
        for b in world.bodies
        if b.name.startswith(name)
        for part in b.parts
    ]


def test_who_has_a_name_looks_the_same_in_every_shot():
    alone = build_world(script(subject("girl", action="walk", called="ana")), 5)
    ball = subject("ball", action="roll", colour="rainbow", called="toy")
    girl = subject("girl", action="wave", called="ana")
    crowd = build_world(script(subject("man", 3), ball, girl, place="meadow"), 5)
    toy = build_world(script(ball), 5)
    assert looks(alone, "ana") == looks(crowd, "ana")
    assert looks(toy, "toy") == looks(crowd, "toy")


def test_people_of_one_group_do_not_look_alike():
    world = build_world(script(subject("woman", 3)), 5)
    assert looks(world, "woman 1") != looks(world, "woman 2")


# ── relations ──


def placed(relation: str, host: str = "crate", guest: str = "ball") -> tuple[World, int, int]:
    world = build_world(script(subject(guest, relation=(relation, 1)), subject(host)), 4)
    return world, body(world, guest), body(world, host)


def test_on_is_upon_the_middle_of_it():
    world, ball, crate = placed("on")
    assert world.bodies[ball].position[:2] == pytest.approx(world.bodies[crate].position[:2])
    assert world.bodies[ball].position[2] - world.bodies[ball].foot == pytest.approx(
        top(world, crate), abs=0.005
    )


def test_on_a_chair_is_on_its_seat_and_under_a_table_below_its_top():
    world, ball, _ = placed("on", host="chair")
    assert world.bodies[ball].position[2] - world.bodies[ball].foot == pytest.approx(0.48, abs=0.01)
    world, ball, table = placed("under", host="table")
    assert top(world, ball) < top(world, table) - 0.05
    assert world.bodies[ball].position[2] == pytest.approx(world.bodies[ball].foot)


@pytest.mark.parametrize(
    ("relation", "axis", "sign"), [("behind", 1, 1), ("in front of", 1, -1), ("next to", 0, 1)]
)
def test_behind_before_and_beside_are_as_the_camera_sees_them(relation, axis, sign):
    world, ball, crate = placed(relation)
    way = np.subtract(world.bodies[ball].position, world.bodies[crate].position)
    assert sign * way[axis] > world.bodies[ball].girth + world.bodies[crate].girth - 0.05
    assert world.bodies[ball].position[2] == pytest.approx(world.bodies[ball].foot)


def test_between_is_in_the_middle_of_two():
    shot = script(subject("ball", relation=("between", 1)), subject("crate"), subject("barrel"))
    world = build_world(shot, 4)
    ball, crate, barrel = (
        np.array(world.bodies[body(world, n)].position) for n in ("ball", "crate", "barrel")
    )
    assert ball[:2] == pytest.approx(0.5 * (crate + barrel)[:2], abs=0.3)


def test_a_rider_sits_on_the_seat_of_what_carries_him():
    shot = script(subject("man", relation=("on", 1), action="sit"), subject("chair"), place="room")
    world = build_world(shot, 4)
    chair = body(world, "chair")
    assert world.actors[0].plan[0].action == "sit"
    assert world.actors[0].plan[0].with_body == chair
    feet = min(b.position[2] - b.foot for b in world.bodies if b.name.startswith("man/"))
    assert feet == pytest.approx(0.477, abs=0.02)


# ── what happens ──


def test_a_tower_that_topples_falls():
    world = build_world(SHOTS["tower"], 7)
    motion = filmed(world, 3.5)
    assert motion.positions[0, :, 2].max() > 2.5
    assert motion.positions[-1, :, 2].max() < 1.0


def test_a_row_of_dominoes_that_falls_stands_first():
    world = build_world(script(subject("domino", 9, action="drop", arrangement="row")), 7)
    assert all(b.position[2] == pytest.approx(b.foot) for b in world.bodies[1:])
    motion = filmed(world, 2.5)
    assert (np.abs(motion.rotations[-1, :, 2, 2]) < 0.6).all()


def test_what_is_light_still_scatters_a_stack():
    world = build_world(SHOTS["boxes hit"], 7)
    motion = filmed(world, 3.0)
    boxes = [i for i, b in enumerate(world.bodies) if b.subject == "cardboard_box"]
    moved = np.linalg.norm(motion.positions[-1] - motion.positions[0], axis=1)[boxes]
    assert (moved > 0.25).sum() >= 4


def test_balls_thrown_or_dropped_into_a_basket_are_in_it():
    for action in ("throw", "drop"):
        shot = script(subject("ball", relation=("into", 1), action=action),
                      subject("basket"))  # fmt: skip
        inside = []
        for seed in range(4):
            world = build_world(shot, seed)
            motion = filmed(world, 3.0)
            ball, basket = (motion.positions[-1, body(world, n)] for n in ("ball", "basket"))
            inside.append(np.hypot(*(ball - basket)[:2]) < 0.34 and ball[2] < 0.42)
        assert sum(inside) >= 3, action


def test_a_basketball_thrown_into_a_hoop_falls_through_its_ring():
    for seed in range(4):
        shot = script(subject("basketball", relation=("into", 1), action="throw"),
                      subject("hoop"), place="court")  # fmt: skip
        world = build_world(shot, seed)
        motion = filmed(world, 2.2)
        hoop = world.bodies[body(world, "hoop")]
        rim = [part.at for part in hoop.parts[-10:]]
        ring = np.array(hoop.position) + turn_of(hoop) @ np.mean(rim, axis=0)
        ball = motion.positions[:, body(world, "basketball")]
        falls = np.flatnonzero((ball[:-1, 2] >= ring[2]) & (ball[1:, 2] < ring[2]))
        off = [np.hypot(*(0.5 * (ball[i] + ball[i + 1]) - ring)[:2]) for i in falls]
        assert min(off, default=np.inf) < 0.2


def test_a_basketball_thrown_at_a_backboard_comes_back_from_it():
    for seed in range(4):
        shot = script(subject("basketball", relation=("at", 1), action="throw"),
                      subject("backboard"), place="court")  # fmt: skip
        world = build_world(shot, seed)
        motion = filmed(world, 2.0)
        ball, board = body(world, "basketball"), body(world, "backboard")
        hit = next(c.seconds for c in motion.contacts if {c.body, c.other} == {ball, board})
        speeds = np.diff(motion.positions[:, ball, :2], axis=0) * 24
        before, after = speeds[int(hit * 24) - 2], speeds[int(hit * 24) + 2]
        assert before @ after < 0.0


def test_a_pendulum_swings_to_both_sides_and_its_rod_keeps_its_length():
    world = build_world(script(subject("pendulum", action="swing")), 1)
    bob = body(world, "pendulum/bob")
    motion = filmed(world, 3.0)
    pivot = np.array(world.joints[0].at)
    along = motion.positions[:, bob] - pivot
    side = along[:, :2] @ np.array(along[0, :2]) / np.linalg.norm(along[0, :2])
    assert side.min() < -0.8 * side[0]
    assert np.linalg.norm(along, axis=1) == pytest.approx(np.linalg.norm(along[0]), rel=0.01)


def test_a_wrecking_ball_knocks_over_what_it_meets():
    world = build_world(SHOTS["wrecking ball"], 1)
    motion = filmed(world, 3.0)
    crates = [i for i, b in enumerate(world.bodies) if b.subject == "crate"]
    assert (np.linalg.norm(motion.positions[-1] - motion.positions[0], axis=1)[crates] > 0.5).all()


def test_the_wheels_of_a_car_are_hinged_by_name():
    world = build_world(script(subject("car", action="drive"), place="street"), 1)
    assert {joint.name for joint in world.joints} == {
        f"{a}_{b}_wheel" for a in ("front", "rear") for b in ("left", "right")
    }
    assert all(joint.parent == body(world, "car") for joint in world.joints)
    assert all(joint.strength > 0 for joint in world.joints)
    assert 600 < sum(b.mass for b in world.bodies) < 1000
    motion = filmed(world, 2.0)
    assert np.linalg.norm(motion.positions[-1, 0] - motion.positions[0, 0]) > 2.0


@pytest.mark.parametrize("name", ["crate", "boat", "surfboard"])
def test_what_floats_begins_as_deep_as_it_will_lie(name):
    world = build_world(script(subject(name, action="float"), place="lake"), 1)
    motion = filmed(world, 1.5)
    assert motion.positions[12:, 0, 2].mean() == pytest.approx(motion.positions[0, 0, 2], abs=0.03)


@pytest.mark.parametrize("others", [(), ("boat",)])
@pytest.mark.parametrize("name", ["lighthouse", "house", "palm"])
def test_what_belongs_on_land_has_some_where_there_is_only_water(name, others):
    shot = script(subject(name, action="rest"), *map(subject, others), place="sea")
    world = build_world(shot, 2)
    built = world.bodies[body(world, name)]
    land = built.parts[-1]
    heights = [built.position[2] + part.reach(np.array((0, 0, -1.0))) for part in built.parts[:-1]]
    assert built.is_fixed
    assert 0.2 < built.position[2] + land.reach(np.array((0, 0, 1.0))) < 0.5
    assert max(heights) > 0.2
    assert land.size[0] > 1.5 * max(part.size[0] for part in built.parts[:-1])
    motion = filmed(world, 0.5)
    assert motion.positions[-1, body(world, name)] == pytest.approx(built.position)


def test_a_stone_that_sinks_has_no_land_under_it():
    world = build_world(script(subject("rock", action="sink"), place="sea"), 2)
    assert not world.bodies[body(world, "rock")].is_fixed


def test_a_play_ball_is_light_enough_to_be_kicked_and_a_football_has_its_own_weight():
    masses = {
        kind: build_world(script(subject(kind, **more)), 1).bodies[0].mass
        for kind, more in {"ball": {}, "football": {}, "bowling_ball": {}}.items()
    }
    assert masses["ball"] == pytest.approx(0.31, abs=0.02)
    assert 0.4 < masses["football"] < 0.7
    assert masses["bowling_ball"] > 15.0
    rubber, steel = (
        build_world(script(subject("ball", material=stuff)), 1).bodies[0].mass
        for stuff in ("rubber", "steel")
    )
    assert rubber == masses["ball"]
    assert steel > 100.0


@pytest.mark.parametrize(("action", "far"), [("kick", 2.0), ("throw", 2.0)])
def test_a_plain_ball_goes_where_it_is_kicked_or_thrown(action, far):
    girl = subject("girl", action=action, relation=("with", 1))
    world = build_world(script(girl, subject("ball", is_target=True), place="meadow"), 3)
    motion, ball = filmed(world, 3.0), body(world, "ball")
    gone = motion.positions[-1, ball] - motion.positions[0, ball]
    assert np.hypot(*gone[:2]) > far


def test_a_crane_stands_beside_a_tower_and_its_ball_brings_it_down():
    shot = script(subject("wrecking_ball", relation=("into", 1), action="swing"),
                  subject("crate", 12, arrangement="stack"))  # fmt: skip
    world = build_world(shot, 13)
    mast = world.bodies[body(world, "wrecking_ball/mast")]
    assert mast.position[2] - mast.foot == pytest.approx(0.0, abs=0.01)
    crates = [i for i, b in enumerate(world.bodies) if b.subject == "crate"]
    motion = filmed(world, 4.0)
    moved = np.linalg.norm(motion.positions[-1] - motion.positions[0], axis=1)[crates]
    assert (moved > 0.3).sum() >= 6


def test_dominoes_wait_for_the_pendulum_that_swings_into_them():
    shot = script(subject("pendulum", relation=("into", 1), action="swing"),
                  subject("domino", 12, arrangement="row"))  # fmt: skip
    world = build_world(shot, 2)
    dominoes = [i for i, b in enumerate(world.bodies) if b.subject == "domino"]
    motion = filmed(world, 5.0)
    assert motion.positions[8, dominoes] == pytest.approx(motion.positions[0, dominoes], abs=0.01)
    assert (np.abs(motion.rotations[-1, dominoes, 2, 2]) < 0.6).all()


@pytest.mark.parametrize("count", [20, 28])
def test_a_long_row_of_dominoes_winds_away_from_the_camera_and_all_fall(count):
    world = build_world(script(subject("domino", count, action="drop", arrangement="row")), 2)
    places = np.array([b.position for b in world.bodies])
    wide, deep, _ = np.ptp(places, axis=0)
    assert wide <= 1.5
    assert deep >= 3.0
    assert places[0, 1] == places[:, 1].min()
    assert (np.abs(filmed(world, 5.0).rotations[-1, :, 2, 2]) < 0.6).all()


def test_a_car_drives_through_a_wall_of_boxes():
    shot = script(subject("car", relation=("through", 1), action="drive"),
                  subject("cardboard_box", 20, is_target=True, arrangement="wall"),
                  place="street")  # fmt: skip
    world = build_world(shot, 14)
    car, boxes = body(world, "car"), [
        i for i, b in enumerate(world.bodies) if b.subject == "cardboard_box"
    ]  # fmt: skip
    motion = filmed(world, 4.0)
    speeds = np.linalg.norm(np.diff(motion.positions[:, car], axis=0), axis=1) * 24
    assert speeds.max() >= 4.5
    assert motion.positions[-1, car, 0] > motion.positions[0, boxes, 0].max() + 1.0
    moved = np.linalg.norm(motion.positions[-1] - motion.positions[0], axis=1)[boxes]
    assert (moved > 0.5).sum() >= 15


def test_a_basketball_rebounds_from_the_board_and_bounces_before_it():
    shot = script(subject("basketball", relation=("at", 1), action="throw"),
                  subject("backboard", is_target=True), place="court")  # fmt: skip
    for seed in range(4):
        world = build_world(shot, seed)
        ball, board = body(world, "basketball"), body(world, "backboard")
        assert np.hypot(*np.subtract(world.bodies[ball].position,
                                     world.bodies[board].position)[:2]) < 3.5  # fmt: skip
        assert 1.5 < world.bodies[ball].position[2] < 2.0
        motion = filmed(world, 2.5)
        assert any({c.body, c.other} == {ball, board} for c in motion.contacts)
        way = np.subtract(world.bodies[board].position, world.bodies[ball].position)[:2]
        gone = motion.positions[:, ball, :2] - world.bodies[board].position[:2]
        low = motion.positions[:, ball, 2] < 0.6
        assert low.any()
        assert (gone[low] @ way < 0.0).all()


@pytest.mark.parametrize(("who", "place"), [("bird", "lake"), ("horse", "meadow")])
def test_who_travels_together_has_room(who, place):
    action = "fly" if who == "bird" else "run"
    world = build_world(script(subject(who, 3, action=action), place=place), 24)
    roots = [world.bodies[actor.bodies[0]].position for actor in world.actors]
    limbs = [[world.bodies[i] for i in actor.bodies] for actor in world.actors]
    lefts = [min(b.position[0] + b.reach(-1, 0, 0) * -1 for b in of) for of in limbs]
    assert min(np.diff(sorted(lefts))) > 0.6
    assert min(np.hypot(*np.subtract(a, b)[:2]) for a in roots for b in roots if a != b) > 0.9


def test_flyers_stay_in_the_air():
    world = build_world(script(subject("bird", action="fly"), place="lake"), 24)
    motion = filmed(world, 4.0)
    assert motion.positions[:, 0, 2].min() > 1.2


def test_scenery_is_behind_and_out_of_the_way_of_who_runs():
    for place in ("meadow", "forest", "street", "beach"):
        for seed in (1, 2, 3):
            shot = script(subject("dog", action="run"), subject("tree", 2), place=place)
            world = build_world(shot, seed)
            fixed = [b for b in world.bodies if b.is_fixed]
            start = np.array(world.bodies[world.actors[0].bodies[0]].position[:2])
            goal = np.array(world.actors[0].plan[0].towards[:2])
            for b in fixed:
                for share in np.linspace(0.0, 1.0, 21):
                    way = start + share * (goal - start)
                    assert np.hypot(*(np.array(b.position[:2]) - way)) - b.girth > 0.8


@pytest.mark.parametrize(
    "name", sorted(SHOTS.keys() - {"dominoes"})
)  # of which the second is hit at once
def test_nothing_is_launched_when_a_shot_begins(name):
    world = build_world(SHOTS[name], 3)
    motion = simulate(world, np.arange(6) / 30, is_cancelled=never)
    limbs = {i for actor in world.actors for i in actor.bodies}
    speeds = np.linalg.norm(np.diff(motion.positions, axis=0), axis=2).max(axis=0) * 30
    for i, b in enumerate(world.bodies):
        stands = i not in limbs and not b.hops and b.position[2] - b.foot < 0.01
        if stands and not np.any([b.velocity, b.spin]):
            assert speeds[i] < 0.5, b.name
