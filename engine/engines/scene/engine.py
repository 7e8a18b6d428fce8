"""The scene engine: a small simulated world, filmed and heard. Procedural, and says so."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine.contracts import EngineCapabilities, Preview, Rendering, VideoRequest
from engine.engines.scene.account import write_account
from engine.engines.scene.capabilities import CAPABILITIES, MAX_SEED
from engine.engines.scene.frames.render import Picture
from engine.engines.scene.language.listing import vocabulary_listing
from engine.engines.scene.pictures import contact_sheet, draw
from engine.engines.scene.production import Film, produce
from engine.engines.scene.shelf import Shelf
from engine.engines.scene.sound.ambience import beds_of
from engine.engines.scene.sound.heard import Scored
from engine.engines.scene.sound.loudness import Samples
from engine.engines.scene.sound.score import score
from engine.engines.scene.speech.captions import captions
from engine.engines.scene.warming import warm_up
from engine.errors import RenderCancelled
from engine.mp4 import write_mp4


class SceneEngine:
    """language → speech → scene → physics → camera → light → frames → sound."""

    def __init__(self) -> None:
        self._shelf = Shelf()

    @property
    def capabilities(self) -> EngineCapabilities:
        """Sizes, lengths and what else may be asked."""
        return CAPABILITIES

    def vocabulary(self) -> dict[str, Any]:
        """Everything a prompt can name, by kind."""
        return vocabulary_listing()

    def warm_up(self) -> None:
        """Compile the kernels, or load them compiled, and read the voice.

        Afterwards no prompt compiles anything. The first time in a checkout takes minutes.
        """
        for film in warm_up():
            soundtrack(film)

    def preview(self, request: VideoRequest, *, is_cancelled: Callable[[], bool]) -> Preview:
        """Draw eight small pictures of the clip; they show what `render` would simulate.

        What was simulated for it is kept for a while: `render` takes it up.

        Raises:
            RenderCancelled: `is_cancelled` answered true.
            RequestRejected: `request.source` is no account of this engine, or a face no picture.
        """
        film = produce(request, _seed(request), is_cancelled)
        if is_cancelled():
            raise RenderCancelled("the caller no longer wants this preview")
        self._shelf.put(request, film)
        return Preview(contact_sheet(film), film.not_drawn)

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
            RequestRejected: `request.source` is no account of this engine, or a face no picture.
            TranscodeError: ffmpeg failed.
        """
        film = self._shelf.take(request) or produce(request, _seed(request), is_cancelled)
        write_mp4(
            to,
            _watched(draw(film), film, on_progress, is_cancelled),
            size=(film.request.width_px, film.request.height_px),
            fps=film.request.fps,
            sound=soundtrack(film) if film.request.audio else None,
        )
        return Rendering(
            seed=film.seed,
            not_drawn=film.not_drawn,
            captions=captions(film.spoken) if film.spoken else "",
            world=write_account(film),
        )


def soundtrack(film: Film) -> Samples:
    """The sound of a film: (samples, 2) at 48 kHz."""
    heard = [
        Scored(s.world, s.motion, s.cameras, s.clock, beds_of(s.script), s.script.mood)
        for s in film.shots
    ]
    return score(heard, spoken=film.spoken, fps=film.request.fps, seed=film.seed)


def _seed(request: VideoRequest) -> int:
    return secrets.randbelow(MAX_SEED) if request.seed is None else request.seed


def _watched(
    pictures: Iterator[Picture],
    film: Film,
    on_progress: Callable[[int], None],
    is_cancelled: Callable[[], bool],
) -> Iterator[Picture]:
    for number, picture in enumerate(pictures, start=1):
        if is_cancelled():
            raise RenderCancelled("the caller no longer wants this clip")
        yield picture
        on_progress(min(99, round(100 * number / film.frames)))
