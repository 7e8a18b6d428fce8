"""The diffusers engine: open video models, run from a local folder; nothing is ever downloaded."""

import gc
import io
import logging
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from engine.contracts import EngineCapabilities, Operation, Preview, Rendering, VideoRequest
from engine.engines.diffusers.caching import check_step_cache
from engine.engines.diffusers.errors import OutOfMemory
from engine.engines.diffusers.family import (
    Ask,
    Clip,
    Embedding,
    Family,
    Frames,
    OnStep,
    frames_at_least,
    pixels_at_least,
)
from engine.engines.diffusers.films import last_frames, numbers_at, padded
from engine.engines.diffusers.folder import GIB, ModelFolder, read_folder
from engine.engines.diffusers.licences import check_accepted, licence_of
from engine.engines.diffusers.ltx2 import Ltx2Family
from engine.engines.diffusers.prompts import EmbeddingCache
from engine.engines.diffusers.shots import Take, clip_seconds, takes_of
from engine.engines.diffusers.sound import Heard, as_soundtrack
from engine.engines.diffusers.stages import CardThread
from engine.engines.diffusers.tuning import Tuning, choose, seconds_generated, this_machine
from engine.engines.diffusers.vace import WanVaceFamily
from engine.engines.diffusers.wan import WanFamily
from engine.errors import EngineError, RenderCancelled, RequestRejected
from engine.footage import read_frames
from engine.mp4 import write_mp4
from engine.prompts import plain_text

log = logging.getLogger(__name__)

MAX_SEED = 2**31 - 1
FILM_FPS = 24  # what callers ask for who do not look at what an engine offers
DENOISED_PERCENT = 90  # the rest is decoding and the MP4
DECODED_PERCENT = 91  # the card has done its part


class DiffusersEngine:
    """folder → licence → weights → prompt embeddings → denoised, decoded, cut, written."""

    def __init__(
        self, *, model: str, licence: str | None = None, recipe: str | None = None
    ) -> None:
        """Look at the folder and hold the operator to its licence; weights load in `warm_up`.

        Args:
            model: the folder, as `DiffusionPipeline.save_pretrained` writes it.
            licence: the id of the licence that the operator accepts.
            recipe: a TOML file with what is different from the family's usual `Recipe`.

        Raises:
            ModelUnusable: the folder or the recipe cannot be used.
            LicenceNotAccepted: the licence is not accepted.
        """
        self.folder = read_folder(Path(model))
        self.licence = licence_of(self.folder.family)
        check_accepted(self.licence, licence)
        self.family = _family(self.folder, Path(recipe) if recipe else None)
        check_step_cache(self.folder, self.family.recipe.step_cache)
        self._tuning: Tuning | None = None
        self._embeddings = EmbeddingCache(self._encode)
        self._card = CardThread()

    @property
    def capabilities(self) -> EngineCapabilities:
        """What the model in the folder takes."""
        traits, recipe = self.family.traits, self.family.recipe
        operations: list[Operation] = ["extend"] if traits.takes_picture else []
        operations += ["edit", "remix"] if traits.takes_film else []
        operations += ["characters"] if traits.takes_faces else []
        return EngineCapabilities(
            name=traits.name,
            kind="diffusion",
            description=f"{self.folder.pipeline}, a neural model under {self.licence.title}.",
            sizes=recipe.sizes,
            min_seconds=1,
            max_seconds=clip_seconds(recipe),
            max_shots=recipe.max_shots,
            fps=(traits.fps,) if traits.fps == FILM_FPS else (traits.fps, FILM_FPS),
            audio=traits.has_audio,
            seed=True,
            procedural=False,
            input_reference=traits.takes_picture,
            # With components in main memory there is no room for a second clip's pictures.
            overlap_from_percent=DECODED_PERCENT if self._is_whole else None,
            licence=self.licence.id,
            operations=tuple(operations),
            builds_on="film",
            max_shot_seconds=recipe.max_seconds,
        )

    @property
    def _is_whole(self) -> bool:
        return self._tuning is not None and self._tuning.fit == "whole"

    def vocabulary(self) -> dict[str, Any]:
        """Empty: a neural model has no list of what it knows."""
        return {}

    def warm_up(self) -> None:
        """Load the weights and, where blocks are compiled, compile them for the default size.

        Raises:
            ModelUnusable: the card is too small for the model, or lacks what its recipe wants.
        """
        self._card.run(self._load)

    def _load(self) -> None:
        # Read once, by the first import of huggingface_hub: nothing may be asked of the network.
        os.environ["HF_HUB_OFFLINE"] = "1"
        _hush()
        machine = this_machine()
        traits = self.family.traits
        tuning = choose(
            self.folder,
            machine,
            attention_is_masked=traits.attention_is_masked,
            step_cache=self.family.recipe.step_cache,
            fp8=self.family.recipe.fp8,
        )
        log.info(
            "%s: %.1f GiB of weights on %s: %s; %s: %s",
            self.folder.path,
            self.folder.card_bytes / GIB,
            machine.name,
            tuning,
            self.licence.title,
            " ".join(self.licence.notices),
        )
        self.family.load(tuning)
        self._tuning = tuning
        if tuning.compiles:
            self._compile()

    def preview(self, request: VideoRequest, *, is_cancelled: Callable[[], bool]) -> Preview:
        """There is none: it would hold up the clip that is being made on the same card.

        Raises:
            EngineError: always.
        """
        raise EngineError("This engine draws no previews.", code="unsupported_operation")

    def render(
        self,
        request: VideoRequest,
        to: Path,
        *,
        on_progress: Callable[[int], None],
        is_cancelled: Callable[[], bool],
    ) -> Rendering:
        """Write the clip to `to`; on one machine the same request and seed give the same frames.

        Cancellation is seen between two denoising steps and between two frames. Two may be called
        for at once: one has the card, the other's MP4 is written meanwhile.

        Raises:
            RenderCancelled: `is_cancelled` answered true; nothing is left at `to`.
            RequestRejected: the model wants a picture, or takes none, or this one is broken.
            OutOfMemory: the clip needs more memory than there is; the next one may be smaller.
            TranscodeError: ffmpeg failed.
        """
        seed = secrets.randbelow(MAX_SEED) if request.seed is None else request.seed
        clips: list[Clip] = []
        for take in takes_of(request, seed, self.family.traits):

            def on_step(done: int, of: int, take: Take = take) -> None:
                _stop_if(is_cancelled)
                past = take.begins_seconds * of + take.request.seconds * done
                on_progress(DENOISED_PERCENT * past // (of * request.seconds))

            _stop_if(is_cancelled)
            before = clips[-1].frames[-1:] if take.goes_on else None
            generate = partial(self._generate, take.request, take.seed, on_step, before)
            clips.append(self._card.run(generate, is_cancelled))
        on_progress(DECODED_PERCENT)
        write_mp4(
            to,
            _watched([clip.frames for clip in clips], on_progress, is_cancelled),
            size=(request.width_px, request.height_px),
            fps=request.fps,
            sound=_soundtrack(clips, request),
        )
        return Rendering(seed=seed, not_drawn=())

    def _generate(
        self, request: VideoRequest, seed: int, on_step: OnStep, before: Frames | None = None
    ) -> Clip:
        """The frames of a take, of the request's size and number, behind those of another if any.

        Raises:
            RequestRejected: as `render`.
            OutOfMemory: as `render`.
            RenderCancelled: as `on_step` does.
        """
        import torch

        before = self._film_end(request) if before is None else before
        ask = self._ask(request, before, seed)
        try:
            with torch.no_grad():  # not inference_mode: weights that it moved could not move again
                clip = self.family.generate(ask, on_step)
        except torch.OutOfMemoryError as error:
            log.warning("a clip of %s for %s s: %s", request.size, request.seconds, error)
            clip = None  # here the error's traceback still holds the tensors that filled the card
        finally:
            self.family.release()
        if clip is None:
            gc.collect()
            torch.cuda.empty_cache()
            raise OutOfMemory(
                "The clip is too large for this engine: ask for a smaller or shorter one."
            )
        fps, first = self.family.traits.fps, 0 if before is None else len(before)
        frames = _cut(clip.frames[first:], fps, request)
        return replace(clip, frames=frames, lead_seconds=first / fps)

    def _encode(self, prompt: str) -> Embedding:
        return self.family.encode(prompt)

    def _ask(self, request: VideoRequest, before: Frames | None, seed: int) -> Ask:
        traits, recipe = self.family.traits, self.family.recipe
        seconds = request.seconds
        if self._tuning is not None:
            seconds = seconds_generated(seconds, self._tuning, recipe.max_seconds)
        negative = request.negative_prompt or traits.negative_prompt
        width_px, height_px = self._size_made(request)
        if before is None:
            needed, opening = request.seconds * traits.fps, self._picture(request)
        else:
            needed = request.seconds * traits.fps + len(before)
            opening = padded(before, (width_px, height_px))
        frames = frames_at_least(max(seconds * traits.fps, needed), traits.frame_step)
        return Ask(
            text=self._embeddings.get(_prompt(request)),
            negative=self._embeddings.get(negative) if recipe.guidance > 1 else None,
            opening=opening,
            width_px=width_px,
            height_px=height_px,
            frames=frames,
            seed=seed,
            film=self._film(request, frames),
            faces=tuple(_upright(m.face, "characters") for m in request.cast),
        )

    def _film_end(self, request: VideoRequest) -> Frames | None:
        """The last frames of the film that is to be extended, if any."""
        source = request.source
        if source is None or source.film is None or source.operation != "extend":
            return None
        return last_frames(source.film, request.fps, self.family.traits)

    def _film(self, request: VideoRequest, frames: int) -> Frames | None:
        """The frames that are to be changed, in the size that is made."""
        source, fps = request.source, self.family.traits.fps
        if source is None or source.film is None or source.operation != "edit":
            return None
        first = source.begins_seconds * fps
        numbers = numbers_at(range(first, first + frames), fps, request.fps)
        return padded(read_frames(source.film, numbers), self._size_made(request))

    def _picture(self, request: VideoRequest) -> Frames | None:
        """The first frame that the request gives, if any, in the size that is made.

        Raises:
            RequestRejected: as `render`.
        """
        traits = self.family.traits
        if request.input_reference is None or request.source:
            if traits.needs_picture:
                raise RequestRejected(
                    "This model animates a picture and needs one.", param="input_reference"
                )
            return None
        if not traits.takes_picture:
            raise RequestRejected("This model takes no picture.", param="input_reference")
        return np.asarray(_fitted(request.input_reference, self._size_made(request)))[None]

    def _size_made(self, request: VideoRequest) -> tuple[int, int]:
        """Width and height in px, of which the request's are cut."""
        step = self.family.traits.size_step_px
        return pixels_at_least(request.width_px, step), pixels_at_least(request.height_px, step)

    def _compile(self) -> None:
        """Compile the blocks for the default size and shortest length, by one step with them."""
        request = VideoRequest("", 1, size=self.family.recipe.sizes[0], fps=self.family.traits.fps)
        if self.family.traits.needs_picture:
            white = io.BytesIO()
            Image.new("RGB", (64, 64), "white").save(white, "PNG")
            request = replace(request, input_reference=white.getvalue())
        with suppress(RenderCancelled):
            self._generate(request, 0, on_step=lambda *_: _stop_if(lambda: True))


def _hush() -> None:
    """Keep the libraries' progress bars out of the service's log."""
    import diffusers
    import transformers

    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()


def _family(folder: ModelFolder, recipe: Path | None) -> Family:
    if folder.pipeline == "WanVACEPipeline":
        return WanVaceFamily(folder, recipe)
    return (WanFamily if folder.family == "wan" else Ltx2Family)(folder, recipe)


def _prompt(request: VideoRequest) -> str:
    said = plain_text(request)
    for member in request.cast:  # a name is a word to a model, its @ is not
        said = re.sub(
            re.escape(member.name), member.name.removeprefix("@"), said, flags=re.IGNORECASE
        )
    return said


def _fitted(encoded: bytes, size: tuple[int, int]) -> Image.Image:
    """The picture, upright, scaled and cut about its middle to `size` (width, height in px).

    Raises:
        RequestRejected: only its header is a picture.
    """
    return ImageOps.fit(_upright(encoded, "input_reference"), size, Image.Resampling.LANCZOS)


def _upright(encoded: bytes, param: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(encoded)) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise RequestRejected("The picture is broken.", param=param) from None


def _cut(frames: NDArray[np.uint8], fps: int, request: VideoRequest) -> NDArray[np.uint8]:
    """The frames that were asked for, from the first, and the middle of each picture.

    At a higher rate than the model's some are shown twice: none is made up, and nothing is faster.
    """
    shown = np.arange(request.seconds * request.fps) * fps // request.fps
    top = (frames.shape[1] - request.height_px) // 2
    left = (frames.shape[2] - request.width_px) // 2
    return frames[:, top : top + request.height_px, left : left + request.width_px][shown]


def _soundtrack(clips: list[Clip], request: VideoRequest) -> NDArray[np.float32] | None:
    if not request.audio:
        return None
    takes = [
        Heard(clip.sound, clip.sound_hz, clip.lead_seconds, len(clip.frames) // request.fps)
        for clip in clips
        if clip.sound is not None
    ]
    return as_soundtrack(takes) if takes else None


def _watched(
    takes: list[Frames], on_progress: Callable[[int], None], is_cancelled: Callable[[], bool]
) -> Iterator[Frames]:
    count = sum(len(frames) for frames in takes)
    for number, frame in enumerate(chain.from_iterable(takes), start=1):
        _stop_if(is_cancelled)
        yield frame
        on_progress(DECODED_PERCENT + (99 - DECODED_PERCENT) * number // count)


def _stop_if(is_cancelled: Callable[[], bool]) -> None:
    if is_cancelled():
        raise RenderCancelled("the caller no longer wants this clip")
