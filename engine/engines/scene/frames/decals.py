"""Decals: drawn faces, worn faces, words on signs and pictures → the atlas that surfaces wear."""

import io
import struct
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from engine.engines.scene.frames.atlas import SIDE, Atlas
from engine.engines.scene.frames.faces import INSIDE, TEETH, design_of, draw_face
from engine.engines.scene.frames.pen import DRAWN_PX
from engine.engines.scene.scene.solids import Decal, Part
from engine.engines.scene.scene.world import World
from engine.engines.scene.speech.spoken import Mouth
from engine.errors import RequestRejected

Pixels = NDArray[np.float32]
TEXT_PX = 512  # height or width, whichever is larger, of the canvas that words are set on
MARGIN = 0.07
_UNDECODABLE = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)
_ENCODED = np.arange(256) / 255.0
LINEAR = np.where(  # light of each value of sRGB (IEC 61966-2-1)
    _ENCODED <= 0.04045, _ENCODED / 12.92, ((_ENCODED + 0.055) / 1.055) ** 2.4
).astype(np.float32)
DARK, PALE = (28, 26, 30), (250, 248, 240)
LEADING = 1.0  # line to line, in heights of the font
TRACKING = 0.06  # between letters
# Of a worn face: where its lips part, and how far its chin goes down, in heights of the picture.
LIPS_AT = 0.71
JAW = {Mouth.CLOSED: 0.0, Mouth.SMALL: 0.035, Mouth.OPEN: 0.10, Mouth.WIDE: 0.06, Mouth.ROUND: 0.08}
GAPE = {Mouth.SMALL: 0.13, Mouth.OPEN: 0.17, Mouth.WIDE: 0.21, Mouth.ROUND: 0.11}  # half width


def atlas_of(world: World) -> Atlas:
    """Draw everything that the parts of a world wear.

    Raises:
        RequestRejected: an image cannot be decoded.
    """
    images: list[Pixels] = []
    index: dict[Decal, tuple[int, ...]] = {}
    for part in (part for body in world.bodies for part in body.parts):
        if part.decal is None or part.decal in index:
            continue
        made = [linear_light(image) for image in _drawn(part, part.decal)]
        index[part.decal] = tuple(range(len(images), len(images) + len(made)))
        images += made
    return Atlas(np.stack(images), index) if images else Atlas()


def _drawn(part: Part, decal: Decal) -> list[Image.Image]:
    if decal.kind == "face" and decal.image is not None:
        face = _cropped(_decoded(decal.image), 1.0)
        return [worn_face(face, mouth) for mouth in Mouth]
    if decal.kind == "face":
        design = design_of(decal.text)
        return [
            draw_face(design, mouth, blink=blink, expression=decal.expression)
            for blink in (False, True)
            for mouth in Mouth
        ]
    aspect = _aspect(part)
    if decal.image is not None:
        return [_cropped(_decoded(decal.image), aspect)]
    bright = 0.2126 * part.colour[0] + 0.7152 * part.colour[1] + 0.0722 * part.colour[2]
    return [set_text(decal.text, aspect, DARK if bright > 0.18 else PALE)]


def _aspect(part: Part) -> float:
    """Width / height of the front of a part."""
    a, b, c = part.size
    height = {"box": c, "ellipsoid": c, "sphere": a, "capsule": a + b}.get(part.shape, b)
    return a / max(height, 1e-6)


def check_picture(data: bytes, *, param: str) -> None:
    """Make sure that these bytes are a picture.

    Raises:
        RequestRejected: they cannot be decoded; `param` names where they came from.
    """
    _decoded(data, param)


def _decoded(data: bytes, param: str = "image") -> Image.Image:
    try:
        return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGBA")
    except _UNDECODABLE as error:
        raise RequestRejected(
            "This picture cannot be decoded.", param=param, code="invalid_image"
        ) from error


def _cropped(image: Image.Image, aspect: float) -> Image.Image:
    """The largest middle part of this shape, squeezed into a square."""
    width = min(image.width, round(image.height * aspect))
    height = min(image.height, round(image.width / aspect))
    return ImageOps.fit(image, (max(width, 1), max(height, 1))).resize((DRAWN_PX, DRAWN_PX))


def linear_light(image: Image.Image) -> Pixels:
    """An RGBA picture of encoded sRGB as `SIDE` square of linear light with straight alpha."""
    encoded = np.asarray(image)
    alpha = encoded[..., 3:] / np.float32(255.0)
    # Averaged with their alpha, so that transparent pixels lend no colour.
    whole = np.concatenate([LINEAR[encoded[..., :3]] * alpha, alpha], axis=2)
    step = image.width // SIDE
    if step > 1:
        corners = [whole[i::step, j::step] for i in range(step) for j in range(step)]
        whole = np.sum(corners, axis=0) / np.float32(len(corners))
    whole[..., :3] /= np.maximum(whole[..., 3:], 1e-4)
    return np.ascontiguousarray(whole, np.float32)


# ── words ──


def set_text(text: str, aspect: float, colour: tuple[int, int, int]) -> Image.Image:
    """Set words as large as they fit, broken into lines, for a front of this width / height."""
    width = round(TEXT_PX * min(aspect, 1.0)) if aspect < 1.0 else TEXT_PX
    height = max(16, round(width / aspect))
    canvas = Image.new("RGBA", (width, height), (*colour, 0))
    draw = ImageDraw.Draw(canvas)
    room = (width * (1.0 - 2.0 * MARGIN), height * (1.0 - 2.0 * MARGIN))
    size, lines = _fitted(text.strip(), room)
    font = _font(size)
    step = LEADING * size
    top = 0.5 * (height - step * len(lines))
    for number, line in enumerate(lines):
        x, y = 0.5 * (width - _length(line, font)), top + (number + 0.5) * step
        for letter in line:
            # Signs are painted bold, and spaced so that they are read from far.
            stroke = max(1, round(size / 24))
            draw.text((x, y), letter, font=font, fill=colour, anchor="lm", stroke_width=stroke)
            x += font.getlength(letter) + TRACKING * font.size
    return canvas.resize((DRAWN_PX, DRAWN_PX), Image.Resampling.LANCZOS)


def _font(size: float) -> ImageFont.FreeTypeFont:
    """The typeface that comes with Pillow."""
    return cast(ImageFont.FreeTypeFont, ImageFont.load_default(size))


def _length(line: str, font: ImageFont.FreeTypeFont) -> float:
    """Width of a line with its tracking, px."""
    return sum(font.getlength(letter) + TRACKING * font.size for letter in line)


def _fitted(text: str, room: tuple[float, float]) -> tuple[float, list[str]]:
    """The largest font size (px) at which the words fit, and their lines."""
    words = text.split() or [" "]
    low, high = 4.0, room[1]
    best = (low, _lines(words, low, room[0]) or words)
    for _ in range(12):
        size = 0.5 * (low + high)
        lines = _lines(words, size, room[0])
        if lines is not None and len(lines) * LEADING * size <= room[1]:
            best, low = (size, lines), size
        else:
            high = size
    return best


def _lines(words: list[str], size: float, width: float) -> list[str] | None:
    """Words broken into lines of at most `width`; None when one of them is wider."""
    font = _font(size)
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _length(longer, font) <= width:
            lines[-1] = longer
        elif _length(word, font) <= width:
            lines.append(word)
        else:
            return None
    return lines


# ── a face that somebody lends ──


def worn_face(face: Image.Image, mouth: Mouth) -> Image.Image:
    """A picture of a face as a mask with a soft edge; its chin goes down as the mouth opens."""
    side = face.width
    pixels = np.asarray(face.convert("RGB"), np.float32)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    drop = JAW[mouth]
    if drop:
        # Below the lips everything moves down; above the chin's edge it is stretched.
        moved = LIPS_AT + np.maximum(y - LIPS_AT - drop, 0.0) * (1.0 - LIPS_AT) / (
            1.0 - LIPS_AT - drop
        )
        from_y = np.where(y < LIPS_AT, y, moved)
        # Towards the cheeks it moves less.
        free = np.clip(1.3 - (np.abs(x - 0.5) / 0.36) ** 2, 0.0, 1.0)
        from_y = y + (from_y - y) * free
        rows = np.clip(np.round(from_y * side).astype(int), 0, side - 1)
        pixels = pixels[rows, np.arange(side)[None, :]]
        wide = GAPE[mouth]
        middle = LIPS_AT + 0.5 * drop
        gap = 1.0 - ((x - 0.5) / wide) ** 2 - ((y - middle) / (0.62 * drop)) ** 2
        open_share = np.clip(gap * 6.0, 0.0, 1.0)[..., None]
        pixels += (np.array(INSIDE, np.float32) - pixels) * open_share
        teeth = open_share[..., 0] * np.clip((middle - 0.22 * drop - y) * side * 0.2, 0.0, 1.0)
        pixels += (np.array(TEETH, np.float32) - pixels) * (0.9 * teeth * (mouth != Mouth.ROUND))[
            ..., None
        ]
    oval = np.hypot((x - 0.5) / 0.44, (y - 0.5) / 0.5)
    alpha = np.clip((1.0 - oval) / 0.16, 0.0, 1.0)
    alpha *= alpha * (3.0 - 2.0 * alpha) / np.maximum(alpha, 1e-6)
    out = np.dstack([np.clip(pixels, 0.0, 255.0), 255.0 * alpha])
    return Image.fromarray(out.astype(np.uint8))
