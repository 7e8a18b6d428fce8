"""The account of a film: what was simulated, as JSON that people inspect and films go on from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.characters import CharacterBook
from engine.contracts import MAX_PROMPT_CHARACTERS, VideoRequest
from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.capabilities import MAX_SEED, WHOLE_FILM
from engine.engines.scene.physics.contacts import Contact
from engine.engines.scene.physics.motion import Splash
from engine.engines.scene.physics.state import state_from_json, state_to_json
from engine.engines.scene.scene.solids import Body, Part
from engine.engines.scene.scene.world import WORLD, World, WorldState
from engine.engines.scene.speech.spoken import Spoken
from engine.errors import EngineError, RequestRejected
from engine.orders import read_request
from engine.wire import request_fields

if TYPE_CHECKING:
    from engine.engines.scene.production import Film, StagedShot

FORMAT = "vignette-scene-world/1"
DIGITS = 4  # a tenth of a millimetre
MOST_EDITS = 32
LONGEST_EDIT = MAX_PROMPT_CHARACTERS + 202  # a prompt, a comma and a style
UNKNOWN = "This is not the account of a clip of the scene engine."


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a film needs to know of the film that it goes on from, or shows in another light."""

    request: VideoRequest
    seed: int
    first_shot: int
    start: WorldState | None
    edits: tuple[str, ...]
    state: WorldState


def write_account(film: "Film") -> bytes:
    """Tell the whole film: request, worlds, poses a frame, contacts, splashes, words, end state.

    Metres, seconds, kilograms, N·s; a pose is x, y, z and a quaternion w, x, y, z. The faces of a
    cast are likenesses and stay out of it, and so does a reference image.
    """
    account = {
        "format": FORMAT,
        "request": _request(film.request),
        "seed": film.seed,
        "edits": list(film.edits),
        "first_shot": film.first_shot,
        "start": None if film.start is None else state_to_json(film.start),
        "shots": [_shot(shot) for shot in film.shots],
        "spoken": [_spoken(line) for line in film.spoken],
        "state": state_to_json(film.end),
    }
    return json.dumps(account, separators=(",", ":"), allow_nan=False).encode()


def read_account(account: bytes) -> Earlier:
    """Take from an account what another film can be built on.

    Raises:
        RequestRejected: it is not an account that `write_account` could have written.
    """
    try:
        told = json.loads(account)
        _check_format(told["format"])
        request = read_request(told["request"], WHOLE_FILM, CharacterBook())
        start = told["start"]
        return Earlier(
            request=request,
            seed=_whole(told["seed"], MAX_SEED),
            first_shot=_whole(told["first_shot"], len(request.shots) - 1),
            start=None if start is None else state_from_json(start),
            edits=_read_edits(told["edits"]),
            state=state_from_json(told["state"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, EngineError) as error:
        raise RequestRejected(UNKNOWN, param="world", code="invalid_world") from error


def _check_format(told: object) -> None:
    if told != FORMAT:
        raise ValueError("another format")


def _whole(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("a whole number is out of bounds")
    return value


def _read_edits(told: object) -> tuple[str, ...]:
    if not isinstance(told, list) or len(told) > MOST_EDITS:
        raise ValueError("no list of edits, or too many")
    if not all(isinstance(edit, str) and len(edit) <= LONGEST_EDIT for edit in told):
        raise ValueError("an edit is no text, or too long")
    return tuple(told)


def _request(request: VideoRequest) -> dict[str, Any]:
    fields = request_fields(request)
    return {k: v for k, v in fields.items() if k not in {"input_reference", "characters", "seed"}}


def _rounded(values: NDArray[np.float64]) -> list[Any]:
    plain: list[Any] = np.round(values, DIGITS).tolist()
    return plain


def _shot(shot: "StagedShot") -> dict[str, Any]:
    script = shot.script
    return {
        "first_frame": shot.first_frame,
        "frames": len(shot.cameras),
        "place": script.place,
        "time": script.time,
        "weather": script.weather,
        "style": script.style,
        "mood": script.mood,
        "direction": list(script.camera),
        "clock": _rounded(shot.clock),
        "world": _world(shot.world),
        "poses": _poses(shot),
        "contacts": [_contact(contact, shot.world) for contact in _seen(shot, "contacts")],
        "splashes": [_splash(splash, shot.world) for splash in _seen(shot, "splashes")],
        "cameras": [_camera(camera) for camera in shot.cameras],
    }


def _seen(shot: "StagedShot", events: str) -> list[Any]:
    """The events of the simulation that fall into this shot."""
    first, last = shot.clock[0], shot.clock[-1]
    return [event for event in getattr(shot.motion, events) if first <= event.seconds <= last]


def _world(world: World) -> dict[str, Any]:
    return {
        "gravity": world.place.gravity,
        "bodies": [_body(body) for body in world.bodies],
        "joints": [
            {
                "name": joint.name,
                "parent": _name(world, joint.parent),
                "child": _name(world, joint.child),
                "kind": joint.kind,
            }
            for joint in world.joints
        ],
        "actors": [
            {
                "name": actor.name,
                "kind": actor.kind,
                "bodies": [_name(world, body) for body in actor.bodies],
                "plan": [{"start": act.start, "action": act.action} for act in actor.plan],
            }
            for actor in world.actors
        ],
    }


def _name(world: World, body: int) -> str | None:
    return None if body == WORLD else world.bodies[body].name


def _body(body: Body) -> dict[str, Any]:
    return {
        "name": body.name,
        "subject": body.subject,
        "mass": round(body.mass, DIGITS),
        "fixed": body.is_fixed,
        "position": _rounded(np.array(body.position)),
        "parts": [_part(part) for part in body.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "shape": part.shape,
        "size": _rounded(np.array(part.size)),
        "at": _rounded(part.at),
        "material": part.material.name,
        "colour": _rounded(np.array(part.colour)),
    }


def _poses(shot: "StagedShot") -> list[Any]:
    """A frame each, of every body that is not fixed, in the order of the bodies."""
    moving = [i for i, body in enumerate(shot.world.bodies) if not body.is_fixed]
    positions, rotations = shot.motion.positions[:, moving], shot.motion.rotations[:, moving]
    turns = np.empty((*positions.shape[:2], 4))
    for place in np.ndindex(turns.shape[:2]):
        mujoco.mju_mat2Quat(turns[place], rotations[place].ravel())
    return _rounded(np.concatenate([positions, turns], axis=2))


def _contact(contact: Contact, world: World) -> dict[str, Any]:
    return {
        "seconds": round(contact.seconds, DIGITS),
        "body": _name(world, contact.body),
        "other": _name(world, contact.other),
        "materials": [contact.material.name, contact.other_material.name],
        "speed": round(contact.speed, DIGITS),
        "impulse": round(contact.impulse, DIGITS),
        "position": _rounded(np.array(contact.position)),
    }


def _splash(splash: Splash, world: World) -> dict[str, Any]:
    return {
        "seconds": round(splash.seconds, DIGITS),
        "body": _name(world, splash.body),
        "energy": round(splash.energy, DIGITS),
        "position": _rounded(np.array(splash.position)),
    }


def _camera(camera: Camera) -> dict[str, Any]:
    return {name: _rounded(np.array(value)) for name, value in camera._asdict().items()}


def _spoken(line: Spoken) -> Mapping[str, Any]:
    return {
        "speaker": line.speaker,
        "words": [
            {"text": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
            for word in line.words
        ],
    }
