"""Each thing that happens is heard when, where and as loudly as it happens."""

from dataclasses import replace

import numpy as np
import pytest

from engine.contracts import VideoRequest
from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.engine import soundtrack
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.physics.contacts import GROUND, Contact
from engine.engines.scene.physics.motion import Splash
from engine.engines.scene.production import produce
from engine.engines.scene.scene.world import WORLD, Actor, Joint
from engine.engines.scene.sound.animals import CALLS, add_calls
from engine.engines.scene.sound.engines import add_engines, doppler
from engine.engines.scene.sound.footsteps import SURFACES, add_footsteps, footstep
from engine.engines.scene.sound.heard import Scored
from engine.engines.scene.sound.impacts import add_impacts
from engine.engines.scene.sound.moving import add_creaks, add_rush
from engine.engines.scene.sound.water import add_lapping, add_splashes, splashing
from tests.engine.hearing import RATE, onset_seconds

CLIPS = (
    "a steel ball falls",
    "a wooden crate falls",
    "a glass ball falls",
    "a rubber ball falls on the street",
    "a basketball bounces on a court",
    "a bowling ball falls in a room",
    "a stone cube falls on ice",
    "a gold coin falls on tiles",
    "a plastic cube falls in a room",
    "an ice cube falls in a room",
    "a tennis ball bounces on a street",
    "a steel can falls on a street",
    "a drum falls on a stage",
    "a brick falls on the street",
    "a barrel falls in a forest",
    "a football bounces on the beach",
    "a pumpkin falls in the snow",
    "a steel ball falls on the beach",
    "a marble falls on tiles, slow motion",
    "a cardboard box falls in the desert",
)
FRAMES = 72


def test_the_first_impact_of_twenty_clips_is_heard_within_a_frame_of_its_contact():
    late = {}
    for prompt in CLIPS:
        wanted = VideoRequest(prompt, 3, seed=5)
        film = produce(wanted, 5, lambda: False)
        shot = film.shots[0]
        contact = min(c.seconds for c in shot.motion.contacts)
        seen = np.interp(contact, shot.clock, np.arange(FRAMES)) / 24
        late[prompt] = onset_seconds(soundtrack(film))[0] - seen
    assert max(abs(error) for error in late.values()) <= 1 / 24, late


# ── a world of our own ─────────────────────────────────────────────────────────────────


def scored(prompt: str = "a steel ball falls", **motion) -> Scored:
    """A take of three seconds whose first body stands still, seen from 6 m before it."""
    shot = produce(VideoRequest(prompt, 3, seed=1), 1, lambda: False).shots[0]
    still = np.repeat(shot.motion.positions[:1] * 0.0, FRAMES, axis=0)
    quiet = {"rolling": shot.motion.rolling * 0.0, "contacts": (), "positions": still}
    camera = Camera((0.0, -6.0, 1.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), 0.4)
    return Scored(
        shot.world,
        replace(shot.motion, **(quiet | motion)),
        [camera] * FRAMES,
        np.arange(FRAMES) / 24,
    )


def named(take: Scored, name: str, **world) -> Scored:
    body = replace(take.world.bodies[0], name=name)
    return replace(take, world=replace(take.world, bodies=(body, *take.world.bodies[1:]), **world))


def step(seconds: float, x: float = 0.0, impulse: float = 25.0) -> Contact:
    materials = vocabulary().materials
    return Contact(
        seconds, 0, GROUND, materials["leather"], materials["soft"], 0.8, impulse, (x, 0.0, 0.0)
    )


def silence() -> np.ndarray:
    return np.zeros((FRAMES * 2000, 2), np.float32)


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_there_are_as_many_footsteps_as_contacts_of_feet_and_each_in_time():
    times = [0.4, 0.9, 1.4, 1.9, 2.4]
    take = named(scored(contacts=tuple(step(t) for t in times)), "man/left foot")
    mix = silence()
    assert add_footsteps(mix, take, 24, rng()) == len(times)
    assert onset_seconds(mix, share=0.3) == pytest.approx(times, abs=1 / 24)


def test_a_step_is_no_impact_and_an_impact_no_step():
    foot = named(scored(contacts=(step(0.5),)), "man/left foot")
    ball = scored(contacts=(step(0.5),))
    for take, is_step in ((foot, True), (ball, False)):
        steps, impacts = silence(), silence()
        add_footsteps(steps, take, 24, rng())
        add_impacts(impacts, take, 24, rng())
        assert bool(steps.any()) is is_step
        assert bool(impacts.any()) is not is_step


def test_every_ground_sounds_different_under_a_foot():
    def colour(surface: str) -> np.ndarray:
        power = np.abs(np.fft.rfft(footstep(surface, 25.0, rng()), 1 << 15)) ** 2
        bands = np.add.reduceat(power, [0, 60, 140, 400, 1000, 2500, 5000])
        return bands / np.sqrt((bands**2).sum())

    colours = {surface: colour(surface) for surface in SURFACES}
    for a, mine in colours.items():
        for b, other in colours.items():
            assert a == b or np.abs(mine - other).max() > 0.02, (a, b)


def test_a_heavier_step_is_louder():
    steps = [rms(footstep("wood", impulse, rng())) for impulse in (5.0, 25.0, 80.0)]
    assert steps == sorted(steps)
    assert steps[2] > 1.5 * steps[0]


def test_a_splash_is_louder_and_longer_with_its_energy():
    splashes = [
        splashing(Splash(0.0, 0, (0.0, 0.0, 0.0), energy, 0.2), rng())
        for energy in (1.0, 30.0, 900.0)
    ]
    levels = [rms(s[: RATE // 4]) for s in splashes]
    assert levels[1] > 1.5 * levels[0]
    assert levels[2] > 1.5 * levels[1]
    assert len(splashes[0]) < len(splashes[1]) < len(splashes[2])


def test_a_splash_is_heard_when_the_water_is_met():
    mix = silence()
    add_splashes(mix, scored(splashes=(Splash(1.25, 0, (0, 0, 0), 60.0, 0.3),)), 24, rng())
    assert onset_seconds(mix)[0] == pytest.approx(1.25, abs=1 / 24)


@pytest.mark.parametrize(("x", "ear"), [(-2.0, 0), (2.0, 1)])
def test_an_impact_comes_from_where_it_is_seen(x, ear):
    mix = silence()
    add_impacts(mix, scored(contacts=(step(0.5, x=x),)), 24, rng())
    assert rms(mix[:, ear]) > 1.5 * rms(mix[:, 1 - ear])


def moving(speed: float, prompt: str = "a car") -> Scored:
    """The first body passes from left to right through the middle of the clip."""
    take = scored(prompt)
    at = take.motion.positions.copy()
    at[:, 0, 0] = speed * (take.clock - 1.5)
    return replace(take, motion=replace(take.motion, positions=at))


def brightness(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound[:, 0] + sound[:, 1])) ** 2
    return float((power * np.fft.rfftfreq(len(sound), 1 / RATE)).sum() / power.sum())


def test_what_passes_pans_from_left_to_right():
    mix = silence()
    add_engines(mix, moving(4.0), rng())
    third = len(mix) // 3
    assert rms(mix[:third, 0]) > 1.2 * rms(mix[:third, 1])
    assert rms(mix[-third:, 1]) > 1.2 * rms(mix[-third:, 0])


def test_a_motor_climbs_with_speed_and_is_off_when_parked():
    slow, fast, parked = silence(), silence(), silence()
    add_engines(slow, moving(2.0), rng())
    add_engines(fast, moving(14.0), rng())
    add_engines(parked, moving(0.0), rng())
    assert not parked.any()

    def lowest_hz(sound: np.ndarray) -> float:
        middle = sound[RATE : 2 * RATE].sum(axis=1)
        power = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
        return float(np.argmax(power[20:120]) + 20)

    assert lowest_hz(slow) == pytest.approx(34 + 3 * 2, abs=3)
    assert lowest_hz(fast) == pytest.approx(34 + 3 * 14, abs=8)


def test_what_comes_near_is_heard_higher_than_what_goes_away():
    factor = doppler(moving(30.0), 0)
    assert factor[5] == pytest.approx(343 / (343 - 30), rel=0.02)
    assert factor[-5] == pytest.approx(343 / (343 + 30), rel=0.02)


def test_only_what_is_fast_rushes():
    slow, fast = silence(), silence()
    add_rush(slow, moving(2.0), rng())
    add_rush(fast, moving(12.0), rng())
    assert not slow.any()
    assert rms(fast) > 0.001


def test_an_animal_calls_now_and_then_but_never_into_speech():
    take = scored()
    take = replace(take, world=replace(take.world, actors=(Actor("dog", "dog", (0,)),)))
    mix = silence()
    add_calls(mix, take, 24, rng(), quiet=())
    assert 1 <= len(onset_seconds(mix, share=0.5)) <= 4
    muted = silence()
    add_calls(muted, take, 24, rng(), quiet=[range(len(muted))])
    assert not muted.any()
    assert len(CALLS) >= 10


def test_water_laps_as_it_moves():
    rough, calm = silence(), silence()
    waves = np.sin(np.arange(FRAMES))[:, None, None] * np.ones((1, 4, 4), np.float32) * 0.1
    add_lapping(rough, scored(water=waves.astype(np.float32)), rng())
    add_lapping(calm, scored(water=waves.astype(np.float32) * 0.01), rng())
    dry = silence()
    add_lapping(dry, scored(), rng())
    assert rms(rough) > 2.0 * rms(calm) > 0.0
    assert not dry.any()


def test_a_swing_creaks_where_it_turns():
    take = scored()
    at = take.motion.positions.copy()
    at[:, 0, 0] = 1.2 * np.cos(2 * np.pi * take.clock / 2.0)  # turns at 1 s and 2 s
    joint = Joint(WORLD, 0, "hinge", (0.0, 0.0, 2.5))
    take = replace(
        take,
        world=replace(take.world, joints=(joint,)),
        motion=replace(take.motion, positions=at),
    )
    mix = silence()
    add_creaks(mix, take, 24, rng())
    loud = np.abs(mix).max(axis=1)
    assert loud[int(1.05 * RATE)] != 0.0
    assert not loud[int(0.5 * RATE) : int(0.9 * RATE)].any()
    assert loud[int(1.95 * RATE) : int(2.3 * RATE)].any()
