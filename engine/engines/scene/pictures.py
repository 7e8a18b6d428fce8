"""Pictures: a film, drawn; whole, some frames of it, or at a glance."""

import io
from collections.abc import Iterator, Sequence
from itertools import repeat

from PIL import Image, ImageDraw, ImageFont

from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.frames.decals import atlas_of
from engine.engines.scene.frames.environment import MIRROR_SIDE, SMALL_MIRROR_SIDE
from engine.engines.scene.frames.mouths import mouths_in
from engine.engines.scene.frames.plate import plate_of
from engine.engines.scene.frames.render import Picture, Take, render_frames
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.light.lighting import light_scene
from engine.engines.scene.production import Film, StagedShot

PICTURES, COLUMNS = 8, 4
SHORTER_SIDE_PX = 180
MARGIN_PX = 6
CAPTION_PX = 18
PAPER, INK = "#15151a", "#c9c7c0"
JPEG_QUALITY = 86


def draw(
    film: Film, *, frames: Sequence[int] | None = None, size: tuple[int, int] | None = None
) -> Iterator[Picture]:
    """Draw the film, or these frames of it, in order; `size` (px) wins over the film's own.

    A style that is filmed on twos holds every picture for two frames.
    """
    request = film.request
    size = size or (request.width_px, request.height_px)
    takes = [take_of(film, shot, size) for shot in film.shots]
    jobs: list[tuple[Take, int, Camera, float]] = []
    shown: list[int] = []  # how often each of them
    for number in range(film.frames) if frames is None else frames:
        i = max(k for k, shot in enumerate(film.shots) if shot.first_frame <= number)
        shot = film.shots[i]
        local = number - shot.first_frame
        local -= local % (2 if _is_on_twos(shot) else 1)
        if jobs and jobs[-1][:2] == (takes[i], local):
            shown[-1] += 1
            continue
        seconds = (shot.first_frame + local) / request.fps
        jobs.append((takes[i], local, shot.cameras[local], seconds))
        shown.append(1)
    return _held(render_frames(jobs, size), shown)


def _held(pictures: Iterator[Picture], shown: Sequence[int]) -> Iterator[Picture]:
    for picture, times in zip(pictures, shown, strict=True):
        yield from repeat(picture, times)


def _is_on_twos(shot: StagedShot) -> bool:
    style = shot.script.style
    return style is not None and vocabulary().styles[style].on_twos


def contact_sheet(film: Film) -> bytes:
    """Draw eight pictures, evenly spaced over the film, each with its second, as one JPEG."""
    request = film.request
    scale = SHORTER_SIDE_PX / min(request.width_px, request.height_px)
    width, height = round(request.width_px * scale), round(request.height_px * scale)
    frames = [int((i + 0.5) / PICTURES * film.frames) for i in range(PICTURES)]
    step_x, step_y = width + MARGIN_PX, height + CAPTION_PX + MARGIN_PX
    rows = -(-PICTURES // COLUMNS)
    paper = Image.new("RGB", (COLUMNS * step_x + MARGIN_PX, rows * step_y + MARGIN_PX), PAPER)
    pen = ImageDraw.Draw(paper)
    font = ImageFont.load_default(11)
    for i, picture in enumerate(draw(film, frames=frames, size=(width, height))):
        x, y = MARGIN_PX + i % COLUMNS * step_x, MARGIN_PX + i // COLUMNS * step_y
        paper.paste(Image.fromarray(picture), (x, y))
        pen.text((x, y + height + 3), f"{frames[i] / request.fps:.1f} s", fill=INK, font=font)
    file = io.BytesIO()
    paper.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def take_of(film: Film, shot: StagedShot, size: tuple[int, int]) -> Take:
    """What the tracer needs of a shot."""
    reference = film.request.input_reference
    return Take(
        shot.world,
        shot.motion,
        light_scene(shot.script, film.seed),
        cameras=shot.cameras,
        clock=shot.clock,
        seed=film.seed,
        atlas=atlas_of(shot.world),
        mouths=mouths_in(
            film.spoken,
            first=shot.first_frame,
            frames=len(shot.cameras),
            fps=film.request.fps,
        ),
        plate=plate_of(reference, size) if reference else None,
        plate_camera=film.shots[0].cameras[0] if reference else None,
        mirror_side=SMALL_MIRROR_SIDE if min(size) <= SHORTER_SIDE_PX else MIRROR_SIDE,
    )
