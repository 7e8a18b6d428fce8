"""Shelf: the films of the last previews, kept for whoever has just the same one rendered."""

import threading
from collections import OrderedDict

from engine.contracts import VideoRequest
from engine.engines.scene.production import Film

MOST_FILMS = 2  # of up to 45 MB: 25 s of water


class Shelf:
    """A few films by their requests, the oldest leaves first; safe from several threads."""

    def __init__(self) -> None:
        self._films: OrderedDict[VideoRequest, Film] = OrderedDict()
        self._turn = threading.Lock()

    def put(self, request: VideoRequest, film: Film) -> None:
        """Keep a film that was simulated to its end; not one whose seed nobody chose.

        Nor one with a face or a picture of somebody: those leave memory with their request.
        """
        if request.seed is None or request.cast or request.input_reference:
            return
        with self._turn:
            self._films.pop(request, None)
            self._films[request] = film
            if len(self._films) > MOST_FILMS:
                self._films.popitem(last=False)

    def take(self, request: VideoRequest) -> Film | None:
        """Remove and return the film of exactly this request, if it is there."""
        with self._turn:
            return self._films.pop(request, None)
