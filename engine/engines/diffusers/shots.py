"""Shots: a clip of several takes, each a generation of its own, cut together.

What makes takes belong together depends on the model. One that shows faces gets the same cast for
every take, and each begins anew: a real cut, the same people. One that takes a picture begins each
take with the last frame of the one before: place, people and light stay, and only the camera and
what happens change; beginning each with the clip's first picture would jump back in time at every
cut. One that takes neither draws every take from the same noise, which keeps what it can of layout
and colours.
"""

from dataclasses import dataclass, replace

from engine.contracts import VideoRequest
from engine.engines.diffusers.family import Recipe, Traits

# Takes that go on from each other drift, and all of a clip's frames lie in main memory: 1.3 GB of
# them at 720p and 24 a second.
MAX_CLIP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Take:
    """One generation."""

    request: VideoRequest  # with at most one shot
    seed: int
    begins_seconds: int  # in the clip
    goes_on: bool  # from the last frame of the one before


def takes_of(request: VideoRequest, seed: int, traits: Traits) -> tuple[Take, ...]:
    """The takes of a clip, in order; a clip without shots is one."""
    goes_on = traits.takes_picture and not (request.cast and traits.takes_faces)
    takes: list[Take] = []
    begins = 0
    for number, shot in enumerate(request.shots):
        alone = replace(
            request,
            seconds=shot.seconds,
            shots=(shot,),
            input_reference=None if number else request.input_reference,
        )
        # The same noise behind another first frame would repeat the motion.
        takes.append(Take(alone, seed + number * goes_on, begins, goes_on and number > 0))
        begins += shot.seconds
    return tuple(takes) or (Take(request, seed, 0, goes_on=False),)


def clip_seconds(recipe: Recipe) -> int:
    """How long a clip of several takes may be; one take may be as long as the model makes."""
    return max(recipe.max_seconds, min(MAX_CLIP_SECONDS, recipe.max_shots * recipe.max_seconds))
