"""From an order to a film: its parts rendered, joined, captioned and described, as files.

The files of a video are `<id>.<what>` in one folder: `.mp4`, `.vtt` (only with speech), `.world` (a
world document, only when the engine gives worlds) and the stills that the server makes of it. Until
the film is made, `.head.mp4` and `.head.vtt` are the film that it goes on from, `.stock.mp4` the
film that an engine builds on, and `.upload` a stranger's file that becomes it.
"""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.captions import joined
from engine.contracts import Engine, NotDrawn, Rendering, VideoRequest
from engine.footage import conform
from engine.mp4 import join_mp4s
from engine.worlds import WorldDocument, WorldPart, write_world


@dataclass(frozen=True, slots=True)
class Head:
    """The film that an extension goes on from, and comes first in what is delivered."""

    video_id: str | None  # None: the order's stock, an upload
    parts: tuple[WorldPart, ...]

    @property
    def seconds(self) -> int:
        """Length of that film."""
        return sum(part.seconds for part in self.parts)


@dataclass(frozen=True, slots=True)
class Stock:
    """A film that an engine builds on: a video that is kept here, or an upload; equal by bytes."""

    sha256: bytes
    seconds: int
    video_id: str | None
    upload: bytes = field(default=b"", repr=False, compare=False)  # until the order is queued


@dataclass(frozen=True, slots=True)
class Order:
    """What makes one video: parts that are rendered in order and joined, behind a head if any."""

    parts: tuple[VideoRequest, ...]
    head: Head | None = None
    remixed_from: str | None = None
    stock: Stock | None = None  # for engines that build on films

    @property
    def seconds(self) -> int:
        """Length of the video."""
        return sum(part.seconds for part in self.parts) + (self.head.seconds if self.head else 0)

    @property
    def first(self) -> VideoRequest:
        """What the video is known by: its first new part, without the weight of what it needs."""
        return replace(self.parts[0], source=None)

    @property
    def fingerprint(self) -> bytes:
        """The same for equal orders, and 32 bytes for any."""
        return hashlib.sha256(repr(self).encode("utf-8", "backslashreplace")).digest()


@dataclass(frozen=True, slots=True)
class Film:
    """What is known of a film once its files are there."""

    seed: int
    not_drawn: tuple[NotDrawn, ...]
    has_captions: bool
    has_world: bool
    sha256: bytes  # of the MP4


class FilmFolder:
    """Where the films of a server are; the caller keeps two from writing the same one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Make the folder, or empty it of an earlier run's films."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for stale in self._folder.iterdir():
            stale.unlink()

    def file(self, video_id: str, suffix: str) -> Path:
        """Where a file of this video is or will be."""
        return self._folder / f"{video_id}{suffix}"

    def forget(self, video_id: str) -> None:
        """Delete every file of a video; none is fine."""
        for file in self._folder.glob(f"{video_id}.*"):
            file.unlink(missing_ok=True)

    def keep(self, order: Order, *, for_video: str) -> Order:
        """Keep the films that a video is made from; their originals may then expire.

        Returns:
            The order without the bytes that are now a file of the video.

        Raises:
            FileNotFoundError: a film has expired already; nothing is kept.
            OSError: an upload cannot be written; nothing is kept.
        """
        head, stock = order.head, order.stock
        try:
            if head and head.video_id:
                os.link(self.file(head.video_id, ".mp4"), self.file(for_video, ".head.mp4"))
                with suppress(FileNotFoundError):
                    os.link(self.file(head.video_id, ".vtt"), self.file(for_video, ".head.vtt"))
            if stock and stock.video_id:
                os.link(self.file(stock.video_id, ".mp4"), self.file(for_video, ".stock.mp4"))
            elif stock:
                self.file(for_video, ".upload").write_bytes(stock.upload)
                return replace(order, stock=replace(stock, upload=b""))
        except OSError:
            self.forget(for_video)
            raise
        return order

    def make(
        self,
        order: Order,
        engine: Engine,
        video_id: str,
        *,
        on_progress: Callable[[int], None],
        is_cancelled: Callable[[], bool],
    ) -> Film:
        """Render the parts of an order, in order, and leave the whole film's files.

        Raises:
            RenderCancelled: `is_cancelled` answered true.
            EngineError: the engine cannot make a part, or an upload cannot be decoded.
            TranscodeError: ffmpeg failed.
        """
        order = self._with_stock(order, video_id, is_cancelled)
        is_single = len(order.parts) == 1 and order.head is None
        made: list[Rendering] = []
        new_seconds = sum(part.seconds for part in order.parts)
        for i, part in enumerate(order.parts):
            done = sum(earlier.seconds for earlier in order.parts[:i])

            def on_part(percent: int, done: int = done, seconds: int = part.seconds) -> None:
                on_progress((100 * done + percent * seconds) // new_seconds)

            # Stretches of one film are made of the same noise.
            seed = made[0].seed if made and part.seed is None else part.seed
            asked = replace(part, seed=seed)
            to = self.file(video_id, ".mp4" if is_single else f".{i}.mp4")
            made.append(engine.render(asked, to, on_progress=on_part, is_cancelled=is_cancelled))
        if not is_single:
            can = engine.capabilities
            self._join(
                order,
                video_id,
                has_sound=can.audio and order.first.audio,
                # A world's sound goes on through a joint; two films' do not.
                is_faded=can.builds_on == "film",
            )
        self.file(video_id, ".stock.mp4").unlink(missing_ok=True)
        with self.file(video_id, ".mp4").open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        return Film(
            seed=made[0].seed,
            not_drawn=tuple(dict.fromkeys(item for part in made for item in part.not_drawn)),
            has_captions=self._write_captions(order, made, video_id),
            has_world=self._write_world(order, made, video_id, engine.capabilities.name),
            sha256=digest,
        )

    def _with_stock(self, order: Order, video_id: str, is_cancelled: Callable[[], bool]) -> Order:
        """Make an upload a film like ours, and tell every part where its film is."""
        stock, film = order.stock, self.file(video_id, ".stock.mp4")
        if stock is None:
            return order
        if stock.video_id is None:
            upload = self.file(video_id, ".upload")
            conform(upload, film, order.first, seconds=stock.seconds, is_cancelled=is_cancelled)
            upload.unlink()
        if order.head and order.head.video_id is None:
            os.link(film, self.file(video_id, ".head.mp4"))
        parts = (
            replace(part, source=replace(part.source, film=film) if part.source else None)
            for part in order.parts
        )
        return replace(order, parts=tuple(parts))

    def _join(self, order: Order, video_id: str, *, has_sound: bool, is_faded: bool) -> None:
        films = [
            (self.file(video_id, f".{i}.mp4"), part.seconds) for i, part in enumerate(order.parts)
        ]
        if order.head:
            films.insert(0, (self.file(video_id, ".head.mp4"), order.head.seconds))
        join_mp4s(self.file(video_id, ".mp4"), films, has_sound=has_sound, is_faded=is_faded)
        for film, _ in films:
            film.unlink()

    def _write_captions(self, order: Order, made: list[Rendering], video_id: str) -> bool:
        parts = [(r.captions, p.seconds) for p, r in zip(order.parts, made, strict=True)]
        if order.head:
            head = self.file(video_id, ".head.vtt")
            text = head.read_text(encoding="utf-8") if head.exists() else ""
            parts.insert(0, (text, order.head.seconds))
            head.unlink(missing_ok=True)
        captions = parts[0][0] if len(parts) == 1 else joined(parts)
        if captions:
            self.file(video_id, ".vtt").write_text(captions, encoding="utf-8")
        return bool(captions)

    def _write_world(self, order: Order, made: list[Rendering], video_id: str, engine: str) -> bool:
        if not all(rendering.world for rendering in made):
            return False
        new = tuple(WorldPart(p.seconds, r.world) for p, r in zip(order.parts, made, strict=True))
        document = WorldDocument(
            engine=engine,
            size=order.first.size,
            fps=order.first.fps,
            audio=order.first.audio,
            seed=made[0].seed,
            parts=(order.head.parts if order.head else ()) + new,
        )
        self.file(video_id, ".world").write_bytes(write_world(document))
        return True
