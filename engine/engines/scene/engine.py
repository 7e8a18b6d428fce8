"""The scene engine: a small simulated world, filmed and heard. Procedural, and says so."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contracts import EngineCapabilities, NotDrawn, Rendering, Shot, VideoRequest
from engine.engines.scene.camera.film import direction_of, film
from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.frames.render import Take, render_frames
from engine.engines.scene.language.reading import continued, read_prompt
from engine.engines.scene.language.script import Script
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.light.lighting import light_scene
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.scene.build import DEFAULT_PLACE, build_world
from engine.engines.scene.scene.world import World
from engine.engines.scene.sound.score import Scored, score
from engine.errors import RenderCancelled
from engine.mp4 import write_mp4

CAPABILITIES = EngineCapabilities(
    name="scene",
    kind="procedural",
    description=(
        "A procedural scene engine, not a neural model: it understands a vocabulary of things,"
        " places, actions and camera moves, simulates rigid bodies and ray-traces the result."
    ),
    sizes=("360x640", "640x360", "480x480", "720x1280", "1280x720"),
    min_seconds=1,
    max_seconds=25,
    max_shots=6,
    fps=(24,),
    audio=True,
    seed=True,
    procedural=True,
    input_reference=False,
)
MAX_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class StagedShot:
    """One camera's part of the film; frame i shows simulated second `clock[i]`."""

    script: Script
    world: World
    motion: Motion
    cameras: list[Camera]
    clock: NDArray[np.float64]


class SceneEngine:
    """language → scene → physics → camera → light → frames → sound."""

    @property
    def capabilities(self) -> EngineCapabilities:
        """Sizes, lengths and what else may be asked."""
        return CAPABILITIES

    def warm_up(self) -> None:
        """Compile the tracer, or load it compiled; every branch, by one tiny picture."""
        request = VideoRequest(prompt="a glass ball in the rain on a beach", seconds=1, seed=1)
        shots = stage(request, 1, lambda: False)
        take = Take(shots[0].world, shots[0].motion, light_scene(shots[0].script, 1))
        take.picture(0, shots[0].cameras[0], 0.0, (16, 16))

    def render(
        self,
        request: VideoRequest,
        to: Path,
        *,
        on_progress: Callable[[int], None],
        is_cancelled: Callable[[], bool],
    ) -> Rendering:
        """Write the clip to `to`; the same request and seed give the same frames.

        Raises:
            RenderCancelled: `is_cancelled` answered true; nothing is left at `to`.
            TranscodeError: ffmpeg failed.
        """
        seed = secrets.randbelow(MAX_SEED) if request.seed is None else request.seed
        shots = stage(request, seed, is_cancelled)
        sound = soundtrack(shots, request, seed) if request.audio else None
        write_mp4(
            to,
            _watched(pictures(shots, request, seed), request, on_progress, is_cancelled),
            size=(request.width_px, request.height_px),
            fps=request.fps,
            sound=sound,
        )
        return Rendering(seed=seed, not_drawn=_not_drawn(request, shots))


def stage(request: VideoRequest, seed: int, is_cancelled: Callable[[], bool]) -> list[StagedShot]:
    """Read, simulate and film every shot; a shot that names no one stays in the world before it."""
    shots = request.shots or (Shot(request.prompt, request.seconds),)
    scripts: list[Script] = []
    for shot in shots:
        text = ", ".join(t for t in (shot.prompt, shot.camera, request.style) if t)
        script = read_prompt(text, negative_prompt=request.negative_prompt)
        scripts.append(continued(script, after=scripts[-1]) if scripts else script)
    staged: list[StagedShot] = []
    for first, last in _takes(scripts):
        lengths = [shot.seconds * request.fps for shot in shots[first : last + 1]]
        staged += _film_take(scripts[first : last + 1], lengths, request, seed, is_cancelled)
    return staged


def _takes(scripts: list[Script]) -> Iterator[tuple[int, int]]:
    """First and last shot of every run that shares one world."""
    first = 0
    for i in range(1, len(scripts) + 1):
        if i == len(scripts) or not scripts[i].is_continuation:
            yield first, i - 1
            first = i


def _film_take(
    scripts: list[Script],
    lengths: list[int],
    request: VideoRequest,
    seed: int,
    is_cancelled: Callable[[], bool],
) -> list[StagedShot]:
    world = build_world(scripts[0], seed)
    pace = [_pace(script) for script in scripts]
    steps = np.repeat(pace, lengths) / request.fps
    clock = np.concatenate([[0.0], np.cumsum(steps)[:-1]])
    motion = simulate(world, clock, is_cancelled=is_cancelled)
    aspect = request.width_px / request.height_px
    staged = []
    for script, end, length in zip(scripts, accumulate(lengths), lengths, strict=True):
        frames = range(end - length, end)
        seen = motion.between(frames)
        cameras = film(world, seen, direction_of(script.camera), aspect=aspect, fps=request.fps)
        staged.append(StagedShot(script, world, seen, cameras, clock[end - length : end]))
    return staged


def _pace(script: Script) -> float:
    """Simulated seconds a second of film: below 1 in slow motion."""
    table = vocabulary().camera["speed"]
    chosen = [c.split(".")[1] for c in script.camera if c.startswith("speed.")]
    return float(table[chosen[0]]["factor"]) if chosen else 1.0


def pictures(
    shots: list[StagedShot], request: VideoRequest, seed: int
) -> Iterator[NDArray[np.uint8]]:
    """Render the staged shots, picture by picture, in order."""
    takes = [(Take(s.world, s.motion, light_scene(s.script, seed)), s.cameras) for s in shots]
    return render_frames(takes, (request.width_px, request.height_px), request.fps)


def soundtrack(shots: list[StagedShot], request: VideoRequest, seed: int) -> NDArray[np.float32]:
    """The sound of the staged shots: (samples, 2) at 48 kHz."""
    heard = [Scored(s.world, s.motion, s.cameras, s.clock) for s in shots]
    return score(heard, bed=_bed(shots[0].script), fps=request.fps, seed=seed)


def _watched(
    pictures: Iterator[NDArray[np.uint8]],
    request: VideoRequest,
    on_progress: Callable[[int], None],
    is_cancelled: Callable[[], bool],
) -> Iterator[NDArray[np.uint8]]:
    total = request.seconds * request.fps
    for number, picture in enumerate(pictures, start=1):
        if is_cancelled():
            raise RenderCancelled("the caller no longer wants this clip")
        yield picture
        on_progress(min(99, round(100 * number / total)))


def _bed(script: Script) -> str:
    words = vocabulary()
    weather = words.weathers[script.weather] if script.weather else None
    if weather and weather.ambience:
        return weather.ambience
    return words.places[script.place or DEFAULT_PLACE].ambience


def _not_drawn(request: VideoRequest, shots: list[StagedShot]) -> tuple[NotDrawn, ...]:
    missing = [item for shot in shots for item in shot.script.not_drawn]
    if request.input_reference is not None:
        missing.append(NotDrawn("the reference image", None))
    return tuple(dict.fromkeys(missing))
