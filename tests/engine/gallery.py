"""Draw docs/gallery anew: contact sheets of single prompts, and of stories in several shots.

    python -m tests.engine.gallery [NAME ...]

Without names every sheet of `gallery.toml` is drawn. Seeds are fixed, so that a sheet changes only
when the engine does.
"""

import argparse
import tomllib
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from engine.contracts import Shot, VideoRequest
from engine.engines.scene.pictures import draw
from engine.engines.scene.production import Film, produce

HERE = Path(__file__).parent
TO = HERE.parents[1] / "docs" / "gallery"
PICTURES = 6
PICTURE_PX = 220  # of the shorter side; drawn at twice that, so that edges are fine
MARGIN_PX, CAPTION_PX = 10, 24
COLOURS = 255
PAPER, INK = "#f7f5f0", "#26241f"


def main() -> None:
    """Draw the named sheets, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names
    entries = tomllib.loads((HERE / "gallery.toml").read_text("utf-8"))
    TO.mkdir(parents=True, exist_ok=True)
    for name, entry in entries.items():
        if not names or name in names:
            sheet = draw_sheet(entry).quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
            sheet.save(TO / f"{name}.png", optimize=True)
            print(f"{name}.png")  # noqa: T201 - a command


def request_of(entry: dict) -> VideoRequest:
    """The request that an entry of the table stands for."""
    shots = tuple(
        Shot(shot["prompt"], shot["seconds"], shot.get("camera")) for shot in entry.get("shots", ())
    )
    return VideoRequest(
        prompt=entry.get("prompt", ""),
        seconds=sum(shot.seconds for shot in shots) or entry.get("seconds", 4),
        size=entry.get("size", "360x640"),
        style=entry.get("style"),
        shots=shots,
        audio=bool(shots) or "says" in entry["prompt"],
    )


def draw_sheet(entry: dict) -> Image.Image:
    """One row of pictures a shot, with what was asked below it."""
    request = request_of(entry)
    film = produce(request, entry.get("seed", 1), lambda: False)
    asked = [shot.prompt for shot in request.shots] or [request.prompt]
    edges = [0, film.frames]
    if len(asked) > 1:
        edges = [shot.first_frame for shot in film.shots] + [film.frames]
    rows = [draw_row(film, edges[i], edges[i + 1], text) for i, text in enumerate(asked)]
    width = max(row.width for row in rows)
    paper = Image.new("RGB", (width, sum(row.height for row in rows)), PAPER)
    top = 0
    for row in rows:
        paper.paste(row, (0, top))
        top += row.height
    return paper


def draw_row(film: Film, first: int, end: int, text: str) -> Image.Image:
    """Evenly spaced pictures of these frames, and the words below them."""
    request = film.request
    scale = PICTURE_PX / min(request.width_px, request.height_px)
    width, height = round(request.width_px * scale), round(request.height_px * scale)
    pictures = PICTURES if height >= width else PICTURES // 2
    frames = [first + int((i + 0.5) / pictures * (end - first)) for i in range(pictures)]
    step = width + MARGIN_PX
    row = Image.new("RGB", (pictures * step + MARGIN_PX, height + CAPTION_PX + MARGIN_PX), PAPER)
    for i, picture in enumerate(draw(film, frames=frames)):
        small = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
        row.paste(small, (MARGIN_PX + i * step, MARGIN_PX))
    font = ImageFont.load_default(14)
    ImageDraw.Draw(row).text((MARGIN_PX, height + MARGIN_PX + 5), text, fill=INK, font=font)
    return row


if __name__ == "__main__":
    main()
