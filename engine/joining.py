"""Films on a disk → the next step of a plan, and at its end the film that was asked for."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

from engine.contracts import VideoRequest
from engine.plans import Plan
from transcode.assemble import Piece, assemble, last_picture
from transcode.probe import probe


def next_request(plan: Plan, films: Sequence[Path]) -> VideoRequest:
    """The request of the first step that has no film; it begins where the one before ends.

    Args:
        plan: what is made.
        films: what the steps before made, in order.

    Raises:
        NotAVideo: the film before is no video.
    """
    step = plan.steps[len(films)]
    before = films[-1] if films else plan.head
    if plan.offer is None or before is None or not plan.offer.takes_picture:
        return step
    return replace(step, input_reference=last_picture(before))


def join(plan: Plan, films: Sequence[Path], to: Path, *, cancelled: Event | None = None) -> None:
    """Write the film of what the steps of a plan made; where there is but one, it is moved.

    Args:
        plan: what was made.
        films: what each step made, in order.
        to: the MP4 to write, whole or not at all.
        cancelled: stops the work when set.

    Raises:
        NotAVideo: what a step made is no video, or over a limit.
        TranscodeError: ffmpeg failed, was cancelled, or ran out of time.
    """
    if plan.offer is None:
        films[0].replace(to)
        return
    pieces = [Piece(plan.head, probe(plan.head).seconds)] if plan.head else []
    for step, film in zip(plan.steps, films, strict=True):
        # Its first picture is the last of what is before it.
        repeated = int(bool(pieces) and plan.offer.takes_picture)
        pieces.append(Piece(film, step.seconds, repeated))
    assemble(
        pieces,
        to,
        size_px=(plan.request.width_px, plan.request.height_px),
        fps=plan.offer.fps,
        has_sound=plan.offer.audio and plan.request.audio,
        cancelled=cancelled,
    )
