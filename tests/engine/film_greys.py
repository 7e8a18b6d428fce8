"""A grey engine that builds on films: it reads from their greys what another tells by its world."""

import json
from dataclasses import replace

from engine.contracts import Source
from engine.footage import read_frames
from tests.engine.examples import BRIGHTER_A_FRAME, GREY_CAPABILITIES, GreyEngine

CAPABILITIES = replace(
    GREY_CAPABILITIES,
    name="film-grey",
    operations=("extend", "edit", "remix"),
    builds_on="film",
    max_seconds=4,
    max_shot_seconds=2,
)


class FilmGreyEngine(GreyEngine):
    """Goes on behind a film's last grey, or paints its frames again."""

    def __init__(self) -> None:
        super().__init__(CAPABILITIES)
        self.seed = 0  # that it draws when none is asked for
        self.films: list[list[int]] = []  # the greys of each film it was given

    def render(self, request, to, *, on_progress, is_cancelled):
        painted, source = request, request.source
        if source:
            frames = read_frames(source.film, range(request.fps * 8))
            assert frames.shape[1:] == (request.height_px, request.width_px, 3)
            self.films.append([round(frame.mean()) for frame in frames])
            first = self.films[-1][source.begins_seconds * request.fps]
            told = {"first": first, "last": self.films[-1][-1]}
            world = json.dumps({n: round(grey / BRIGHTER_A_FRAME) for n, grey in told.items()})
            painted = replace(request, source=Source(source.operation, world.encode()))
        made = super().render(painted, to, on_progress=on_progress, is_cancelled=is_cancelled)
        self.asked[-1] = request
        drawn = self.seed if request.seed is None else request.seed
        return replace(made, world=b"", seed=drawn)
