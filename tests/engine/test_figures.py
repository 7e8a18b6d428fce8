from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.physics.contacts import GROUND
from engine.engines.scene.scene.build import build_world
from engine.engines.scene.scene.resume import resumed
from engine.engines.scene.scene.solids import make_body
from engine.engines.scene.scene.world import WORLD, Act, Joint
from tests.engine.casts import (
    FPS,
    alone,
    centre,
    joint_gaps,
    limb,
    played,
    subject,
    turned,
    upright,
    world_of,
)

GRAVITY = 9.81


def thing(kind, at, velocity=(0.0, 0.0, 0.0)):
    body = make_body(subject(kind), 0, np.random.default_rng(1))
    return replace(body, name=kind, position=at, velocity=velocity)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "garments", [(), (("dress", "#d8332a"), ("hat", "#3a2b20")), (("jacket", "#3d5a80"),)]
)
def test_a_person_stands_for_five_seconds(seed, garments):
    world = alone("person", Act(0.0, "stand"), seed=seed, garments=garments)
    motion = played(world, 5.0)
    pelvis, head = limb(world, "pelvis"), limb(world, "head")
    assert upright(motion, pelvis).min() > 0.98
    assert motion.positions[:, head, 2].min() > 0.97 * world.bodies[head].position[2]
    assert np.linalg.norm(np.ptp(motion.positions[:, limb(world, "left foot")], axis=0)) < 0.05
    assert np.isfinite(motion.positions).all()


@pytest.mark.parametrize(
    ("kind", "seed"), [("person", 1), ("person", 4), ("child", 2), ("robot", 3)]
)
def test_walking_gets_there_upright_on_alternating_feet(kind, seed):
    world = alone(kind, Act(0.0, "walk", towards=(3.0, 0.0, 0.0)), seed=seed, heading=0.0)
    motion = played(world, 5.0)
    pelvis = limb(world, "pelvis")
    assert motion.positions[-1, pelvis, 0] > 0.9 * 3.0
    assert abs(motion.positions[-1, pelvis, 1]) < 0.15
    assert upright(motion, pelvis).min() > 0.95
    feet = {limb(world, "left foot"): "left", limb(world, "right foot"): "right"}
    steps = [feet[c.body] for c in motion.contacts if c.body in feet and c.other == GROUND]
    walking = steps[1:-2]
    assert len(walking) >= 4
    assert all(a != b for a, b in pairwise(walking))


def test_feet_that_stand_do_not_slide():
    world = alone("person", Act(0.0, "walk", towards=(9.0, 0.0, 0.0)), seed=1, heading=0.0)
    motion = played(world, 4.0)
    slides = []
    for side in ("left", "right"):
        foot = motion.positions[:, limb(world, f"{side} foot")]
        flat = foot[:, 2] < foot[:, 2].min() + 0.012
        for first in np.flatnonzero(flat[1:] & ~flat[:-1]) + 2:
            last = first + int(np.argmin(np.append(flat[first:], False))) - 1
            if last - first > 0.1 * FPS:
                slides.append(float(np.linalg.norm(foot[last, :2] - foot[first, :2])))
    assert len(slides) >= 3
    assert np.median(slides) < 0.03


def test_a_runner_is_fast_and_sometimes_in_the_air():
    world = alone("person", Act(0.0, "run", towards=(20.0, 0.0, 0.0)), seed=3, heading=0.0)
    motion = played(world, 3.0)
    assert motion.positions[-1, 0, 0] > 7.5
    assert upright(motion, limb(world, "pelvis")).min() > 0.85


@pytest.mark.parametrize(("kind", "pace"), [("person", 1.0), ("person", 1.7), ("child", 1.0)])
def test_a_runner_stops_at_the_goal_on_his_feet(kind, pace):
    goal = (7.0, 0.0, 0.0)
    for seed in (2, 5):
        world = alone(kind, Act(0.0, "run", towards=goal, pace=pace), seed=seed, heading=0.0)
        motion = played(world, 5.0)
        assert upright(motion, limb(world, "pelvis")).min() > 0.9
        assert motion.positions[-1, 0, 0] == pytest.approx(7.0, abs=0.4)


@pytest.mark.parametrize("cut", range(8))
def test_a_run_goes_on_from_any_moment_of_a_stride(cut):
    world = alone("person", Act(0.0, "run", towards=(20.0, 0.0, 0.0)), seed=3, heading=0.0)
    before = played(world, 1.5 + 0.08 * cut)
    after = played(resumed(world, before.final), 1.5)
    assert upright(after, limb(world, "pelvis")).min() > 0.9
    assert after.positions[-1, 0, 0] - after.positions[0, 0, 0] > 4.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_the_moon_one_walks_slowly_and_stays_up(seed):
    """Froude: where gravity is a sixth, speed and cadence are 0.41 times those on Earth."""
    goal = (9.0, 0.0, 0.0)
    earth = alone("person", Act(0.0, "walk", towards=goal), seed=seed, heading=0.0)
    moon = replace(earth, place=replace(earth.place, gravity=1.62))
    motions = [played(world, 4.0) for world in (earth, moon)]
    assert upright(motions[1], limb(moon, "pelvis")).min() > 0.95
    far = [motion.positions[-1, 0, 0] for motion in motions]
    assert far[1] / far[0] == pytest.approx(np.sqrt(1.62 / GRAVITY), rel=0.15)


def test_a_heavy_ball_knocks_a_person_over_and_down_he_stays():
    ball = thing("bowling_ball", (3.0, 0.0, 1.2), (-7.0, 0.0, 1.5))
    world = world_of(
        (subject("person"), (0.0, 0.0, 0.0), -np.pi / 2, (Act(0.0, "stand"),), 9), things=(ball,)
    )
    motion = played(world, 4.0)
    head = limb(world, "head")
    assert motion.positions[round(0.3 * FPS), head, 2] > 1.4
    assert motion.positions[-1, head, 2] < 0.4
    assert motion.positions[-1, limb(world, "pelvis"), 2] < 0.3
    assert np.abs(motion.positions[-1, 1:] - motion.positions[-8, 1:]).max() < 0.02
    assert joint_gaps(world, motion) < 0.02


def test_in_a_jump_the_centre_of_mass_flies_a_parabola():
    world = alone("person", Act(0.0, "jump"), seed=6)
    motion = played(world, 1.6)
    place = centre(world, motion)
    feet = [limb(world, f"{side} foot") for side in ("left", "right")]
    top = int(place[:, 2].argmax())
    airborne = [top]
    clear = motion.positions[:, feet, 2].min(axis=1) > motion.positions[0, feet, 2].max() + 0.05
    while clear[airborne[0] - 1]:
        airborne.insert(0, airborne[0] - 1)
    while clear[airborne[-1] + 1]:
        airborne.append(airborne[-1] + 1)
    t = np.array(airborne) / FPS
    assert t[-1] - t[0] > 0.2
    fall = np.polyfit(t, place[airborne, 2], 2)
    assert -2.0 * fall[0] == pytest.approx(GRAVITY, rel=0.02)
    for axis in (0, 1):
        assert abs(np.polyfit(t, place[airborne, axis], 2)[0]) < 0.02 * GRAVITY
    assert place[top, 2] - place[0, 2] > 0.25


@pytest.mark.parametrize("turns", [1, 2])
def test_a_turning_leap_turns_as_often_as_asked_and_is_landed(turns):
    world = alone("person", Act(0.0, "spin", turns=turns), seed=3)
    motion = played(world, 4.0)
    assert turned(motion, 0).max() == pytest.approx(360.0 * turns, rel=0.1)
    assert motion.positions[-1, limb(world, "head"), 2] > 1.5


def test_arms_drawn_in_make_a_leap_turn_faster():
    """Angular momentum about the vertical stays in the air, so what turns less must turn faster."""
    world = alone("person", Act(0.0, "spin", turns=3), seed=3)
    motion = played(world, 1.6)
    place = centre(world, motion)
    bodies = list(world.actors[0].bodies)
    masses = np.array([world.bodies[i].mass for i in bodies])
    arm = (motion.positions[:, bodies] - place[:, None])[..., :2]
    spread = np.sum(masses * np.sum(arm**2, axis=-1), axis=1)
    swept = (
        np.sum(
            masses
            * (
                arm[:-1, :, 0] * np.diff(arm[..., 1], axis=0)
                - arm[:-1, :, 1] * np.diff(arm[..., 0], axis=0)
            ),
            axis=1,
        )
        * FPS
    )
    rate = np.radians(np.diff(turned(motion, 0))) * FPS
    high = place[:-1, 2] > place[0, 2] + 0.2
    assert swept[high].std() < 0.2 * swept[high].mean()
    assert np.corrcoef(spread[:-1][high], rate[high])[0, 1] < -0.3


@pytest.mark.parametrize("kind", ["football", "tennis_ball"])
def test_a_thrown_ball_comes_down_where_it_is_wanted(kind):
    target = (4.0, 0.3, 0.6)
    world = world_of(
        (
            subject("person"),
            (0.0, 0.0, 0.0),
            0.0,
            (Act(0.0, "throw", with_body=0, towards=target),),
            9,
        ),
        things=(thing(kind, (0.4, 0.0, 0.2)),),
    )
    motion = played(world, 3.0)
    path = motion.positions[:, 0]
    assert np.linalg.norm(path[round(0.3 * FPS)] - path[0]) > 0.1
    assert np.linalg.norm(path - np.array(target), axis=1).min() < 0.3
    assert upright(motion, limb(world, "pelvis")).min() > 0.9


def test_a_ball_that_comes_is_caught():
    ball = thing("football", (4.0, 0.2, 1.0), (-4.4, -0.2, 4.4))
    world = world_of(
        (subject("person"), (0.0, 0.0, 0.0), 0.0, (Act(0.0, "catch", with_body=0),), 9),
        things=(ball,),
    )
    motion = played(world, 3.0)
    chest = motion.positions[-1, limb(world, "chest")]
    assert np.linalg.norm(motion.positions[-1, 0] - chest) < 0.6
    assert motion.positions[-1, 0, 2] > 0.7


def test_a_kicked_ball_leaves_towards_its_goal():
    world = world_of(
        (
            subject("person"),
            (-1.2, 0.0, 0.0),
            0.0,
            (Act(0.0, "kick", with_body=0, towards=(5.0, 1.0, 0.4)),),
            9,
        ),
        things=(thing("football", (0.0, 0.0, 0.15)),),
    )
    motion = played(world, 4.0)
    way = motion.positions[-1, 0] - motion.positions[0, 0]
    assert way[0] > 2.0
    assert np.degrees(np.arctan2(way[1], way[0])) == pytest.approx(
        np.degrees(np.arctan2(1, 5)), abs=12
    )
    assert motion.positions[-1, limb(world, "head"), 2] > 1.3


@pytest.mark.parametrize(
    "action", ["dance", "wave", "talk", "sit", "lie", "cheer", "clap", "bow", "point", "ride"]
)
def test_every_act_stays_in_one_piece(action):
    world = alone("person", Act(0.0, "stand"), Act(0.4, action), seed=5)
    motion = played(world, 4.0)
    assert np.isfinite(motion.positions).all()
    assert joint_gaps(world, motion) < 0.02
    moved = np.linalg.norm(motion.positions[:, limb(world, "pelvis"), :2], axis=1)
    assert moved.max() < 1.2
    lowest = {"sit": 0.05, "lie": 0.05}.get(action, 0.6)
    assert motion.positions[-1, limb(world, "pelvis"), 2] > lowest


def test_the_same_seed_moves_and_dresses_the_same():
    worlds = [alone("person", Act(0.0, "dance"), seed=7) for _ in range(2)]
    first, second = (played(world, 2.0) for world in worlds)
    assert (first.positions == second.positions).all()
    colours = [[part.colour for body in world.bodies for part in body.parts] for world in worlds]
    assert colours[0] == colours[1]


def test_arms_and_legs_keep_out_of_the_body():
    world = alone("person", Act(0.0, "walk", towards=(6.0, 0.0, 0.0)), seed=2, heading=0.0)
    motion = played(world, 3.0)
    chest = limb(world, "chest")
    for side in ("left", "right"):
        for name, least in (("forearm", 0.13), ("hand", 0.13)):
            arm = motion.positions[:, limb(world, f"{side} {name}")]
            away = np.einsum(
                "fji,fj->fi", motion.rotations[:, chest], arm - motion.positions[:, chest]
            )
            assert np.hypot(away[:, 0], away[:, 1]).min() > least


def test_a_person_is_drawn_with_few_parts_and_weighs_like_one():
    world = alone("person", garments=(("jacket", "#3d5a80"), ("hat", "#3a2b20")))
    assert 14 <= len(world.bodies) <= 16
    assert sum(len(body.parts) for body in world.bodies) <= 32
    assert 55.0 < sum(body.mass for body in world.bodies) < 90.0
    thigh = world.bodies[limb(world, "left thigh")].mass
    assert thigh == pytest.approx(0.1 * sum(body.mass for body in world.bodies), rel=0.02)


@pytest.mark.parametrize("seed", [2, 4, 5])
def test_a_triple_spin_on_a_board_turns_thrice_and_rocks_the_board(seed):
    """A board on springs stands for one on water; only what its rider does moves it."""
    board = thing("plank", (0.0, 0.0, 0.0))
    part = replace(board.parts[0], size=(0.45, 1.5, 0.06))
    part = replace(part, material=replace(part.material, density=90.0))
    board = replace(board, parts=(part,), name="board", position=(0.0, 0.0, 0.4))
    rocking = Joint(
        parent=WORLD,
        child=0,
        kind="hinge",
        at=(0.0, 0.0, 0.4),
        axis=(1.0, 0.0, 0.0),
        name="rocking",
        stiffness=6000.0,
        damping=250.0,
    )
    plan = (Act(0.0, "spin", with_body=0, turns=3),)
    world = world_of(
        (subject("person"), (0.0, 0.35, 0.46), -np.pi / 2, plan, seed),
        things=(board,),
        joints=(rocking,),
    )
    motion = played(world, 2.2)
    assert turned(motion, limb(world, "pelvis")).max() == pytest.approx(1080.0, rel=0.1)
    tilt = np.degrees(np.arcsin(motion.rotations[:, 0, 2, 1]))
    assert np.ptp(tilt) > 1.0
    assert np.isfinite(motion.positions).all()


@pytest.mark.parametrize(
    ("garment", "limbs"),
    [
        ("scarf", {"chest"}),
        ("glasses", {"head"}),
        ("sunglasses", {"head"}),
        ("cape", {"chest"}),
        ("tie", {"chest"}),
        ("bow tie", {"chest"}),
        ("backpack", {"chest"}),
        ("apron", {"chest", "pelvis"}),
        ("beard", {"head"}),
        ("socks", {"left shin", "right shin"}),
    ],
)
def test_what_is_worn_is_seen_and_weighs_nothing(garment, limbs):
    bare, dressed = (alone("person", garments=worn) for worn in ((), ((garment, "#00ff00"),)))
    green = {
        body.name.split("/")[1]
        for body in dressed.bodies
        if any(part.colour == (0.0, 1.0, 0.0) for part in body.trimmings)
    }
    assert green == limbs
    for before, after in zip(bare.bodies, dressed.bodies, strict=True):
        assert after.mass == pytest.approx(before.mass)
        assert after.position == pytest.approx(before.position)
        assert len(after.parts) == len(before.parts)


def test_every_garment_changes_how_somebody_looks():
    plain = looks_of()
    garments = set(vocabulary().garments) - {"hair"}
    unseen = {g for g in garments if looks_of((g, "#12fe34")) == plain}
    assert unseen == set()


def looks_of(*garments):
    bodies = alone("person", garments=garments).bodies
    return [(part.shape, part.colour) for body in bodies for part in body.seen]


def test_gloves_colour_the_hands():
    world = alone("person", garments=(("gloves", "#00ff00"),))
    assert world.bodies[limb(world, "left hand")].parts[0].colour == (0.0, 1.0, 0.0)


def seen_from(motion, host: int, body: int) -> np.ndarray:
    """Places of a body in the frame of another, (frames, 3)."""
    off = motion.positions[:, body] - motion.positions[:, host]
    return np.einsum("fji,fj->fi", motion.rotations[:, host], off)


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize(
    "prompt", ["a girl on a swing", "a boy swings on a swing", "a woman on a swing"]
)
def test_a_swing_swings_as_a_pendulum_with_its_rider_on_it(prompt, seed):
    world = build_world(read_prompt(prompt), seed, seconds=6.0)
    motion = played(world, 6.0)
    seat = world.actors[0].plan[0].with_body
    up = motion.rotations[:, seat, :, 2]
    ahead = motion.rotations[0, seat, :, 0]
    angle = np.arctan2(up @ ahead, up[:, 2])
    late = angle[-3 * FPS :]
    assert np.degrees(late.max()) > 25.0
    assert np.degrees(late.min()) < -25.0
    assert np.ptp(seen_from(motion, seat, limb(world, "pelvis")), axis=0).max() < 0.06
    half = max(part.at[1] for part in world.bodies[seat].parts if part.shape == "capsule")
    for side in ("left", "right"):
        hand = seen_from(motion, seat, limb(world, f"{side} hand"))
        assert np.hypot(hand[:, 0], np.abs(hand[:, 1]) - half).max() < 0.08
    crossings = np.flatnonzero(np.diff(np.sign(angle - late.mean())) > 0) / FPS
    longer = 1.0 + (0.5 * np.ptp(late)) ** 2 / 16.0  # than a small swing, with its amplitude
    period = longer * small_period(world, motion, seat)
    assert np.diff(crossings).mean() == pytest.approx(period, rel=0.04)


def small_period(world, motion, seat: int) -> float:
    """Seconds of a small swing of the seat with its rider, 2π √(I / (m g d))."""
    pivot = next(joint for joint in world.joints if joint.child == seat)
    bodies = [seat, *world.actors[0].bodies]
    masses = np.array([world.bodies[i].mass for i in bodies])
    arms = motion.positions[0, bodies] - pivot.at
    arms -= np.outer(arms @ pivot.axis, pivot.axis)
    inertia = float(masses @ np.sum(arms**2, axis=1))
    moment = float(np.linalg.norm(masses @ arms))
    return 2.0 * np.pi * np.sqrt(inertia / (GRAVITY * moment))


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("prompt", "waves"),
    [
        ("a man sits on a chair and waves", True),
        ('a woman sits on a chair and says "Hello"', False),
        ("a woman sits on a sofa and waves", True),
    ],
)
def test_who_gestures_on_a_seat_stays_seated(prompt, waves, seed):
    world = build_world(read_prompt(prompt), seed, seconds=6.0)
    motion = played(world, 6.0)
    pelvis, seat = limb(world, "pelvis"), world.actors[0].plan[0].with_body
    assert upright(motion, pelvis).min() > 0.95
    assert upright(motion, seat).min() > 0.99
    assert np.ptp(seen_from(motion, seat, pelvis), axis=0).max() < 0.08
    knee, foot = (motion.positions[-1, limb(world, name), 2] for name in ("left shin", "left foot"))
    assert foot < knee - 0.1
    chest, hand = (motion.positions[-1, limb(world, name), 2] for name in ("chest", "right hand"))
    assert (hand > chest) == waves


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_leap_on_the_moon_is_long_and_lands_on_the_feet(seed):
    world = build_world(read_prompt("an astronaut jumps on the moon"), seed, seconds=5.0)
    motion = played(world, 5.0)
    pelvis, feet = limb(world, "pelvis"), [limb(world, f"{s} foot") for s in ("left", "right")]
    off = motion.positions[:, feet, 2].min(axis=1) > motion.positions[0, feet, 2].max() + 0.1
    assert off.sum() > 0.9 * FPS
    assert upright(motion, pelvis).min() > 0.8
    assert upright(motion, pelvis)[-1] > 0.95
    height = motion.positions[:, pelvis, 2]
    assert height[-1] > 0.9 * height[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_runs_on_the_moon_does_not_fall(seed):
    world = build_world(read_prompt("an astronaut runs on the moon"), seed, seconds=5.0)
    motion = played(world, 5.0)
    assert upright(motion, limb(world, "pelvis")).min() > 0.95
    walked = alone("person", Act(0.0, "walk", towards=(9.0, 0.0, 0.0)), seed=seed, heading=0.0)
    walked = replace(walked, place=world.place)
    far = np.linalg.norm(np.ptp(motion.positions[:, limb(world, "pelvis")], axis=0))
    assert far > 1.05 * played(walked, 5.0).positions[-1, 0, 0]
