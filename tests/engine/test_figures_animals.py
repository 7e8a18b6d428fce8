import numpy as np
import pytest

from engine.engines.scene.physics.contacts import GROUND
from engine.engines.scene.scene.world import Act
from tests.engine.casts import FPS, alone, joint_gaps, limb, played, upright


def test_a_dog_trots_on_diagonal_pairs():
    world = alone("dog", Act(0.0, "trot", towards=(9.0, 0.0, 0.0)), seed=2, heading=0.0)
    motion = played(world, 3.0)
    assert motion.positions[-1, 0, 0] > 3.2
    assert upright(motion, 0).min() > 0.95
    times: dict[str, list[float]] = {}
    for contact in motion.contacts:
        name = world.bodies[contact.body].name.split("/")[1]
        if contact.other == GROUND:
            times.setdefault(name, []).append(contact.seconds)
    for fore, hind in (("left foreleg", "right hind leg"), ("right foreleg", "left hind leg")):
        pairs = [min(abs(t - u) for u in times[hind]) for t in times[fore] if 0.5 < t < 2.5]
        assert len(pairs) >= 3
        assert np.median(pairs) < 0.09


@pytest.mark.parametrize(("kind", "seed"), [("dog", 1), ("dog", 3), ("horse", 1), ("cat", 3)])
def test_four_legs_run(kind, seed):
    world = alone(kind, Act(0.0, "run", towards=(20.0, 0.0, 0.0)), seed=seed, heading=0.0)
    motion = played(world, 2.5)
    length = world.bodies[0].girth
    assert motion.positions[-1, 0, 0] > 5.0 * length
    assert upright(motion, 0).min() > 0.8
    assert joint_gaps(world, motion) < 0.02


@pytest.mark.parametrize("action", ["stand", "sit", "lie", "jump", "talk", "dance"])
def test_a_dog_acts_without_falling(action):
    world = alone("dog", Act(0.0, "stand"), Act(0.3, action), seed=4)
    motion = played(world, 3.0)
    assert np.isfinite(motion.positions).all()
    assert upright(motion, 0)[-1] > 0.7
    tail = limb(world, "tail")
    assert np.ptp(motion.rotations[:, tail, 0, 1]) > 0.2


def test_a_bird_flies_along_and_flaps():
    world = alone("bird", Act(0.0, "fly", towards=(9.0, 0.0, 2.0)), heading=0.0)
    motion = played(world, 3.0)
    assert motion.positions[-1, 0, 0] > 4.0
    assert motion.positions[-1, 0, 2] > 1.0
    wing = motion.rotations[:, limb(world, "left wing"), 2, 0]
    beats = np.count_nonzero(np.diff(np.sign(wing - wing.mean())) > 0)
    assert beats > 4


def test_a_hopping_bird_leaves_the_ground_and_comes_back():
    world = alone("bird", Act(0.0, "hop"), heading=0.0)
    motion = played(world, 2.0)
    height = motion.positions[:, 0, 2]
    assert np.ptp(height[FPS // 2 :]) > 0.03
    assert 0.1 < height[-1] < 0.5


def test_a_fish_undulates_and_keeps_its_depth():
    world = alone("fish", Act(0.0, "swim"), heading=0.0)
    motion = played(world, 4.0)
    depth = motion.positions[:, 0, 2]
    assert np.linalg.norm(motion.positions[-1, 0, :2]) > 1.0
    assert np.ptp(depth) < 0.35
    tail = np.einsum(
        "fji,fj->fi",
        motion.rotations[:, 0],
        motion.positions[:, limb(world, "tail fin")] - motion.positions[:, 0],
    )
    assert np.ptp(tail[FPS:, 0]) > 0.1
