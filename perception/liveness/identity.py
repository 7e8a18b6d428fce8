"""Whether all frames of a capture show one person, and that person's template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from perception.liveness.turns import FRONTAL, TURNED, Head
from perception.liveness.watching import Sight, Template, Track

SAME_UNMEASURED: Final = 0.5  # for a pack that nobody measured: stricter than most need
_FIRST_FRAMES = 3  # who it is, by the first frontal frames
_BETWEEN_SECONDS = 0.5  # and after them one frame in so many, where the head is not turned
_FRAMES_OF_A_TURN = 2
_FRONTAL_SAMPLES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """Who is seen. `least` is the lowest similarity that counts, of any moment to the first."""

    is_one_person: bool
    least: float
    template: Template
    samples: npt.NDArray[np.float32]


def identify(track: Track, head: Head) -> Identity:
    """Compare a capture's frames with its first frontal ones, and make the template.

    Not with the mean of all: half of one person and half of another make a mean that is like both.
    Every turn must show the person, too: else a stranger turns and a photograph looks straight. Of
    a turn the frames that are turned least are taken, for templates of turned faces differ.
    """
    thresholds = track.model.pack.thresholds
    same = thresholds.same_person if thresholds else SAME_UNMEASURED
    frontal = [i for i, delta in enumerate(head.deltas) if abs(delta) <= FRONTAL]
    first = (frontal or [0])[:_FIRST_FRAMES]
    anchor = _mean([track.sights[i] for i in first])
    turned = [_least_turned(range(*peak), head) for peak in head.peaks]
    ahead = [i for i, delta in enumerate(head.deltas) if abs(delta) < TURNED]
    looked_at = sorted({*first, *_thinned(ahead, track.sights)})
    # One blurred frame is nobody else; two in a row are.
    least = min(_median_of_three([_likeness(track.sights[i], anchor) for i in looked_at]))
    for turn in turned:
        least = min(least, max(_likeness(track.sights[i], anchor) for i in turn))
    straight = [track.sights[i] for i in looked_at if i in frontal] or [track.sights[0]]
    template = _mean(straight)
    further = [straight[0], straight[-1]][:_FRONTAL_SAMPLES]
    samples = [sight.template for sight in further]
    samples += [_mean([track.sights[i] for i in each]) for each in turned]
    return Identity(least >= same, least, template, np.stack(samples))


def _mean(sights: Sequence[Sight]) -> Template:
    total = np.sum([sight.template for sight in sights], axis=0)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def _likeness(sight: Sight, anchor: Template) -> float:
    return float(sight.template @ anchor)


def _least_turned(turn: range, head: Head) -> list[int]:
    """Frames that are turned too far for a photograph, and as little as may be: best to embed."""
    return sorted(turn, key=lambda i: abs(float(head.deltas[i])))[:_FRAMES_OF_A_TURN]


def _thinned(indices: Sequence[int], sights: Sequence[Sight]) -> list[int]:
    """Some of the frames, at least so far apart in time; the last is among them."""
    kept: list[int] = []
    for i in indices:
        if not kept or sights[i].seconds - sights[kept[-1]].seconds >= _BETWEEN_SECONDS:
            kept.append(i)
    return [*kept, *indices[-1:]]


def _median_of_three(values: list[float]) -> list[float]:
    padded = [values[0], *values, values[-1]]
    return [sorted(padded[i : i + 3])[1] for i in range(len(values))]
