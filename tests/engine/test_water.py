"""Water: what floats, sinks, splashes and sends out rings."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.engines.scene.physics.motion import WATER_SPAN
from engine.engines.scene.scene.solids import turned
from engine.engines.scene.scene.waves import wave_grid, wave_height, wave_motion
from tests.engine.worlds import GRAVITY, at_sea, run, solid, world_of

HALF = 0.15


def sphere_draught(share: float, radius: float) -> float:
    """How deep a ball of this share of water's density lies: π d² (3 r - d) / 3 = its weight."""
    depths = np.linspace(0.0, 2.0 * radius, 200_001)
    volumes = depths**2 * (3.0 * radius - depths) / 3.0
    return float(np.interp(share * 4.0 / 3.0 * radius**3, volumes, depths))


def cylinder_draught(share: float, radius: float) -> float:
    """The same of one that lies on its side: a segment of a circle."""
    depths = np.linspace(0.0, 2.0 * radius, 200_001)
    up = radius - depths
    areas = radius**2 * np.arccos(up / radius) - up * np.sqrt(np.maximum(radius**2 - up**2, 0.0))
    return float(np.interp(share * math.pi * radius**2, areas, depths))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
@pytest.mark.parametrize("shape", ["box", "sphere", "cylinder"])
def test_archimedes_says_how_deep_it_floats(shape, share):
    size = {"box": (0.5, 0.4, HALF), "sphere": (HALF,) * 3, "cylinder": (HALF, 0.4, 0.0)}[shape]
    body = solid(shape, size, density=1000.0 * share, position=(0.0, 0.0, 0.02))
    if shape == "cylinder":
        body = replace(body, rotation=turned((0.0, 90.0, 0.0)))
    motion = run(at_sea(body), 10.0, fps=24)
    depth = HALF - float(motion.positions[-48:, 0, 2].mean())
    expected = {
        "box": 2.0 * HALF * share,
        "sphere": sphere_draught(share, HALF),
        "cylinder": cylinder_draught(share, HALF),
    }[shape]
    print(f"draught of a {shape} of {share}: {depth:.4f} m, {100 * (depth / expected - 1):+.2f} %")  # noqa: T201
    assert depth == pytest.approx(expected, rel=0.02)


def test_wood_floats_and_a_stone_sinks():
    wood = solid("box", (0.2, 0.2, 0.2), density=600.0, position=(-1.5, 0.0, 1.0))
    stone = solid("sphere", (0.15,) * 3, density=2600.0, position=(1.5, 0.0, 1.0))
    motion = run(at_sea(wood, replace(stone, name="stone")), 5.0, fps=24)
    assert motion.positions[-1, 0, 2] == pytest.approx(-0.04, abs=0.05)
    assert motion.positions[-1, 1, 2] == pytest.approx(-4.0 + 0.15, abs=0.03)


def test_energy_never_grows_in_water_at_rest():
    for shape, size, density in (
        ("box", (0.5, 0.4, 0.1), 500.0),
        ("sphere", (0.2,) * 3, 30.0),
        ("sphere", (0.15,) * 3, 2600.0),
    ):
        body = solid(shape, size, density=density, position=(0.0, 0.0, 1.2), spin=(2.0, 1.0, 0.0))
        energy = run(at_sea(body), 6.0, fps=48).energy
        assert energy.max() <= energy[0] * 1.03, shape


def test_a_boat_rocks_with_the_waves_and_settles_without():
    hull = solid("box", (1.2, 0.5, 0.2), density=300.0, position=(0.0, 0.0, 0.1))
    tipped = replace(hull, rotation=turned((18.0, 0.0, 0.0)))
    calm = run(at_sea(tipped), 8.0, fps=24)
    tilt = np.degrees(np.arccos(np.clip(calm.rotations[:, 0, 2, 2], -1.0, 1.0)))
    assert tilt[0] == pytest.approx(18.0, abs=0.1)
    assert tilt[-24:].max() < 1.5
    rough = run(at_sea(hull, waves=0.3), 8.0, fps=24)
    tilt = np.degrees(np.arccos(np.clip(rough.rotations[:, 0, 2, 2], -1.0, 1.0)))
    assert 1.0 < tilt[48:].max() < 35.0
    assert np.ptp(rough.positions[48:, 0, 2]) > 0.05


def test_a_stone_sends_out_a_ring_at_the_speed_of_the_waves():
    stone = solid("sphere", (0.15,) * 3, density=2600.0, position=(0.0, 0.0, 2.0))
    motion = run(at_sea(stone), 3.0, fps=60)
    n = motion.water.shape[1]
    far = (np.arange(n // 2) + 0.5) * WATER_SPAN / n
    rows = np.abs(motion.water[:, n // 2, n // 2 :])

    def front(frame: int) -> float:
        return float(far[np.flatnonzero(rows[frame] > 1e-3).max()])

    speed = (front(150) - front(60)) / 1.5
    assert speed == pytest.approx(math.sqrt(GRAVITY * 0.45), rel=0.12)
    assert motion.water[:35].max() == 0.0  # nothing before it falls in
    assert motion.water[40].min() < -0.05  # then a hole


def test_what_falls_in_splashes_by_its_energy():
    small = solid("sphere", (0.05,) * 3, density=2000.0, position=(0.0, 0.0, 1.0))
    large = solid("sphere", (0.25,) * 3, density=2000.0, position=(0.0, 0.0, 3.0))
    few, many = run(at_sea(small), 2.0, fps=24), run(at_sea(large), 2.0, fps=24)
    assert few.splashes[0].seconds == pytest.approx(math.sqrt(2 * 0.95 / GRAVITY), abs=0.02)
    assert few.splashes[0].energy < many.splashes[0].energy
    assert max(map(len, few.droplets)) < max(map(len, many.droplets)) <= 300
    assert len(many.droplets) == len(many.positions)
    assert max(drops[:, 2].max() for drops in many.droplets if len(drops)) > 0.5
    assert not len(many.droplets[0])


def test_nothing_is_wet_where_there_is_no_water():
    motion = run(world_of(solid("sphere", (0.1,) * 3, position=(0.0, 0.0, 1.0))), 1.0, fps=24)
    assert motion.water is None
    assert motion.splashes == ()
    assert motion.droplets == ()


def test_waves_move_by_the_dispersion_of_deep_water():
    xs = (np.arange(64) - 32.0) * 0.25
    grid = wave_grid(xs, 2.5, 0.4)
    assert grid[10, 50] == pytest.approx(wave_height(xs[50], xs[10], 2.5, 0.4), abs=1e-9)
    heights = [wave_height(0.0, 0.0, t, 0.4) for t in np.arange(0.0, 600.0, 0.05)]
    assert 4.0 * np.std(heights) == pytest.approx(0.4, rel=0.05)
    _, slope_x, _, _, _, rise = wave_motion(1.0, 2.0, 3.0, 0.4)
    step = 1e-5
    east, west = wave_height(1.0 + step, 2.0, 3.0, 0.4), wave_height(1.0 - step, 2.0, 3.0, 0.4)
    later, sooner = wave_height(1.0, 2.0, 3.0 + step, 0.4), wave_height(1.0, 2.0, 3.0 - step, 0.4)
    assert slope_x == pytest.approx((east - west) / (2.0 * step), abs=1e-6)
    assert rise == pytest.approx((later - sooner) / (2.0 * step), abs=1e-6)


def test_the_same_world_gives_the_same_water():
    body = solid("box", (0.3, 0.2, 0.2), density=500.0, position=(0.0, 0.0, 1.0))
    one, two = (run(at_sea(body, waves=0.2), 1.5, fps=24) for _ in range(2))
    assert (one.water == two.water).all()
    assert all((a == b).all() for a, b in zip(one.droplets, two.droplets, strict=True))


def test_the_wind_carries_a_beach_ball_and_not_a_stone():
    ball = solid("sphere", (0.2,) * 3, density=30.0, position=(0.0, 0.0, 0.2))
    stone = solid("sphere", (0.1,) * 3, density=2600.0, position=(0.0, 2.0, 0.1))
    world = replace(world_of(ball, replace(stone, name="stone")), wind=(6.0, 0.0, 0.0))
    motion = run(world, 3.0, fps=24)
    assert motion.positions[-1, 0, 0] > 2.0
    assert abs(motion.positions[-1, 1, 0]) < 0.5
