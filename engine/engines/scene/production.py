"""Production: a request → a film: read, spoken, simulated and filmed, but not drawn yet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from engine.contracts import CastMember, NotDrawn, VideoRequest
from engine.engines.scene.account import Earlier, read_account
from engine.engines.scene.camera.direction import direction_of
from engine.engines.scene.camera.film import film as film_world
from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.frames.decals import check_picture
from engine.engines.scene.language.cuts import read_film, shots_of
from engine.engines.scene.language.edits import LOOKS, edited
from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.script import Script
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.scene.build import build_world
from engine.engines.scene.scene.solids import Body, Part
from engine.engines.scene.scene.world import World, WorldState
from engine.engines.scene.speech.speak import speak
from engine.engines.scene.speech.spoken import Spoken

IsCancelled = Callable[[], bool]
NOSE = 0.3  # of a head's radius
Scripts = Sequence[tuple[Script, int]]  # and the whole seconds of each


@dataclass(frozen=True, slots=True)
class StagedShot:
    """One camera's part of the film; frame i shows simulated second `clock[i]` of its world."""

    script: Script
    world: World
    motion: Motion
    cameras: list[Camera]
    clock: NDArray[np.float64]
    first_frame: int  # of the film


@dataclass(frozen=True, slots=True)
class _Planned:
    """A shot before it is staged; an edit changes its script, and not what happens."""

    script: Script  # as it is filmed
    acted: Script  # as it is simulated: a storm that is only seen blows nobody away
    seconds: int


@dataclass(frozen=True, slots=True)
class Film:
    """Everything that pictures, sound and the account are made from."""

    request: VideoRequest  # in shots: all that were filmed so far, those of an extended film too
    seed: int
    shots: tuple[StagedShot, ...] = ()
    spoken: tuple[Spoken, ...] = ()
    not_drawn: tuple[NotDrawn, ...] = ()
    first_shot: int = 0  # of the request's: those before it are of the film that it goes on from
    start: WorldState | None = None  # in which that film ended
    edits: tuple[str, ...] = ()  # what else was asked of its looks, in order

    @property
    def frames(self) -> int:
        """How many pictures it has."""
        return sum(len(shot.cameras) for shot in self.shots)

    @property
    def end(self) -> WorldState:
        """How the world is after its last frame."""
        final = self.shots[-1].motion.final
        assert final is not None, "every simulation ends somewhere"  # noqa: S101
        return final


def produce(request: VideoRequest, seed: int, is_cancelled: IsCancelled) -> Film:
    """Stage the request; the same request and seed give the same film.

    Shots that leave cast and acts alone are views of one simulation. A shot that changes them goes
    on from the state of the shot before, and an extension from that of the film before. An edit
    has the seed of the film that it shows anew, and so its events.

    Raises:
        RequestRejected: `request.source` is not an account of this engine, or a picture is none.
    """
    _check_pictures(request)
    if request.source is None:
        asked = replace(request, shots=shots_of(request), prompt=_common(request))
        planned = [_Planned(script, script, seconds) for script, seconds in read_film(request)]
        return _filmed(Film(asked, seed), planned, is_cancelled)
    earlier = read_account(request.source.world)
    if request.source.operation == "edit":
        return _edited(earlier, request, is_cancelled)
    return _extended(earlier, request, is_cancelled)


def _check_pictures(request: VideoRequest) -> None:
    """Find out before anything is simulated whether all pictures are some."""
    for member in request.cast:
        check_picture(member.face, param="characters")
    if request.input_reference:
        check_picture(request.input_reference, param="input_reference")


def _common(request: VideoRequest) -> str:
    """What a prompt says of all shots; without shots of its own it says what happens in them."""
    return request.prompt if request.shots else ""


def _edited(earlier: Earlier, request: VideoRequest, is_cancelled: IsCancelled) -> Film:
    """Let the same things happen as in the earlier film, and film them anew."""
    asked = replace(
        earlier.request,
        size=request.size,
        fps=request.fps,
        audio=request.audio,
        cast=request.cast,
        input_reference=request.input_reference,
    )
    edit = ", ".join(text for text in (request.prompt, request.style) if text)
    edits = (*earlier.edits, edit)
    read = read_film(asked)
    scripts = _with_edits(read, edits, request)
    planned = [
        _Planned(new, replace(new, weather=old.weather, camera=old.camera), seconds)
        for (old, seconds), (new, _) in zip(read, scripts, strict=True)
    ]
    film = Film(
        asked,
        earlier.seed,
        first_shot=earlier.first_shot,
        start=earlier.start,
        edits=edits,
    )
    return _filmed(film, planned[earlier.first_shot :], is_cancelled)


def _extended(earlier: Earlier, request: VideoRequest, is_cancelled: IsCancelled) -> Film:
    """Read old and new shots together, so that everybody keeps the name; film the new ones."""
    added = shots_of(request)
    shots = (*earlier.request.shots, *added)
    asked = replace(
        request,
        prompt=earlier.request.prompt,
        shots=shots,
        seconds=sum(shot.seconds for shot in shots),
        style=request.style or earlier.request.style,
        negative_prompt=request.negative_prompt or earlier.request.negative_prompt,
    )
    first = len(earlier.request.shots)
    read = read_film(asked)
    scripts = _with_edits(read, earlier.edits, request)
    whole = [
        _as_said(edited_, own, shot.prompt)
        for (edited_, _), (own, _), shot in zip(scripts, read, shots, strict=True)
    ]
    planned = [
        _Planned(script, script, shot.seconds) for script, shot in zip(whole, shots, strict=True)
    ]
    film = Film(
        asked,
        earlier.seed,
        first_shot=first,
        start=earlier.state,
        edits=earlier.edits,
    )
    return _filmed(film, planned[first:], is_cancelled)


def _with_edits(scripts: Scripts, edits: Sequence[str], request: VideoRequest) -> Scripts:
    faces = frozenset(member.name for member in request.cast)
    for edit in edits:
        scripts = edited(scripts, edit, faces)
    return scripts


def _as_said(script: Script, own: Script, prompt: str) -> Script:
    """A shot that came after an edit: it has the edit's looks, but for those that it names."""
    said = read_prompt(prompt)
    looks = {look: getattr(said, look) or getattr(script, look) for look in LOOKS}
    return replace(script, camera=own.camera, **looks)


def _filmed(film: Film, planned: Sequence[_Planned], is_cancelled: IsCancelled) -> Film:
    """Simulate and film the shots of a film that has none yet."""
    first = 0
    for i in range(1, len(planned) + 1):
        if i == len(planned) or not planned[i].script.is_continuation:
            film = _with_run(film, planned[first:i], is_cancelled)
            first = i
    scripts = [(shot.script, shot.seconds) for shot in planned]
    is_heard, fps = film.request.audio, film.request.fps
    spoken, unspoken = _spoken(scripts, fps) if is_heard else ((), [])
    missing = [item for script, _ in scripts for item in script.not_drawn]
    not_drawn = tuple(dict.fromkeys([*missing, *unspoken]))
    return replace(film, spoken=spoken, not_drawn=not_drawn)


def _with_run(film: Film, run: Sequence[_Planned], is_cancelled: IsCancelled) -> Film:
    """Add the shots of one simulation: it runs once, and is filmed shot by shot."""
    asked, opening = film.request, run[0]
    state = film.start
    if film.shots:
        before = film.shots[-1]
        is_there = opening.script.place == before.script.place
        state = before.motion.final if is_there else None
    lengths = [shot.seconds * asked.fps for shot in run]
    clock = np.cumsum(np.repeat([_pace(shot.script) for shot in run], lengths)) / asked.fps
    clock = np.concatenate([[0.0], clock])
    acted_seconds = sum(_pace(shot.acted) * shot.seconds for shot in run)
    world = build_world(opening.acted, film.seed, after=state, seconds=acted_seconds)
    world = _wearing(world, opening.script, asked.cast)
    motion = simulate(world, clock, is_cancelled=is_cancelled)
    shots, first_frame = list(film.shots), film.frames
    for shot, end, length in zip(run, accumulate(lengths), lengths, strict=True):
        seen = motion.between(range(end - length, end))
        is_same_world = state is not None or shot is not opening
        cameras = film_world(
            world,
            seen,
            direction_of(shot.script),
            aspect=asked.width_px / asked.height_px,
            fps=asked.fps,
            previous=shots[-1].cameras if shots and is_same_world else None,
        )
        if asked.input_reference and not shot.script.camera:
            cameras = cameras[:1] * length  # a painting shows its edges to a lens that turns
        first = first_frame + end - length
        shots.append(
            StagedShot(shot.script, world, seen, cameras, clock[end - length : end], first)
        )
    return replace(film, shots=tuple(shots))


def _wearing(world: World, script: Script, cast: Sequence[CastMember]) -> World:
    """Put the faces of the cast on those who play them."""
    faces = {member.name: member.face for member in cast}
    worn = {s.name: faces[s.face] for s in script.subjects if s.face in faces}
    if not worn:
        return world
    return replace(world, bodies=tuple(_with_face(body, worn) for body in world.bodies))


def _with_face(body: Body, worn: Mapping[str, bytes]) -> Body:
    """Its drawn face becomes the picture; the nose of the drawn one goes into the head."""
    face = next((p for p in body.parts if p.decal and p.decal.text in worn), None)
    if face is None or face.decal is None or face.decal.kind != "face":
        return body
    picture = replace(face.decal, image=worn[face.decal.text])
    parts = (
        replace(part, decal=picture)
        if part is face
        else replace(part, at=face.at)
        if _is_nose(part, face)
        else part
        for part in body.parts
    )
    return replace(body, parts=tuple(parts))


def _is_nose(part: Part, face: Part) -> bool:
    """Whether a small part stands out of the middle of a face, which looks along its -y."""
    left, back, _ = np.abs(face.rotation.T @ (part.at - face.at)) / face.size[0]
    is_before = float((face.rotation.T @ (part.at - face.at))[1]) < 0.0
    is_small = part.size[0] < NOSE * face.size[0]
    return bool(is_before and is_small and left < NOSE and back > 1.0 - NOSE)


def _pace(script: Script) -> float:
    """Simulated seconds a second of film: below 1 in slow motion."""
    table = vocabulary().camera["speed"]
    chosen = [c.split(".")[1] for c in script.camera if c.startswith("speed.")]
    return float(table[chosen[0]]["factor"]) if chosen else 1.0


def _spoken(scripts: Scripts, fps: int) -> tuple[tuple[Spoken, ...], list[NotDrawn]]:
    """All lines of the film; each shot says its own."""
    spoken: list[Spoken] = []
    unspoken: list[NotDrawn] = []
    start = 0
    for script, seconds in scripts:
        end = start + seconds
        said = speak(script.lines, start=start, end=end, fps=fps, speakers=script.subjects)
        spoken += said.spoken
        unspoken += said.unspoken
        start = end
    return tuple(spoken), unspoken
