"""What a server is asked for, one video after the other, so that a request's film comes about.

Our own service makes any film that it says it can make: one step. A server of another dialect makes
one take from a text: several shots, and what goes on from a film, are made here of several videos.

Pure: what reads and writes films is in `engine.joining`, which only a worker needs.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from engine.contracts import VideoRequest
from engine.dialects.offer import Offer
from engine.errors import RequestRejected

SEED_RANGE = 2**31


@dataclass(frozen=True, slots=True)
class Plan:
    """The videos to ask for, in order, and what becomes of them.

    `offer` is None where the server's one video is the film.
    """

    request: VideoRequest
    steps: tuple[VideoRequest, ...]
    offer: Offer | None

    @property
    def head(self) -> Path | None:
        """The film that an extension goes on from, and shows first."""
        source = self.request.source
        if self.offer is None or source is None or source.operation != "extend":
            return None
        return source.film


def plan(request: VideoRequest, offer: Offer | None) -> Plan:
    """Decide what to ask a server for.

    Args:
        request: the film that is wanted.
        offer: what a server of another dialect can do; None: our own service.

    Raises:
        RequestRejected: the server cannot do it, and we cannot do it with what it can.
    """
    if offer is None:
        return Plan(request, (request,), None)
    _check(request, offer)
    if len(request.shots) <= 1:
        is_edit = request.source is not None and request.source.operation == "edit"
        return Plan(request, (request if is_edit else replace(request, source=None),), offer)
    steps = tuple(
        replace(
            request,
            shots=(shot,),
            seconds=shot.seconds,
            # Equal noise would make takes of like prompts too much alike.
            seed=None if request.seed is None else (request.seed + number) % SEED_RANGE,
            input_reference=request.input_reference if number == 0 else None,
        )
        for number, shot in enumerate(request.shots)
    )
    return Plan(request, steps, offer)


def _check(request: VideoRequest, offer: Offer) -> None:
    if request.cast:
        raise RequestRejected("This engine casts nobody.", param="characters")
    if request.input_reference is not None and not offer.takes_picture:
        raise RequestRejected("This engine takes no picture.", param="input_reference")
    source = request.source
    if source is None:
        return
    if source.operation not in offer.operations:
        raise RequestRejected(
            f"The engine {offer.model!r} has no {source.operation}.",
            param=None,
            code="unsupported_operation",
        )
    if source.film is None:
        raise RequestRejected("This engine builds on films only.", param="world")
