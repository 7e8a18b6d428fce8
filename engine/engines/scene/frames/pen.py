"""Pen: draws what is on a face, in the face's own coordinates.

They run from -1 to 1 over the front of a head, u to the right and v upwards.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
DRAWN_PX = 256  # drawn twice as large as it is shown


class Pen:
    """Draws in face coordinates; every stroke is blended over what is there."""

    def __init__(self) -> None:
        self.image = Image.new("RGBA", (DRAWN_PX, DRAWN_PX), (0, 0, 0, 0))

    def _layer(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        layer = Image.new("RGBA", self.image.size, (0, 0, 0, 0))
        return layer, ImageDraw.Draw(layer)

    def _px(self, u: float, v: float) -> tuple[float, float]:
        return ((u + 1.0) * 0.5 * DRAWN_PX, (1.0 - v) * 0.5 * DRAWN_PX)

    def _box(self, u: float, v: float, a: float, b: float) -> tuple[float, float, float, float]:
        return (*self._px(u - a, v + b), *self._px(u + a, v - b))

    def oval(
        self, at: tuple[float, float], size: tuple[float, float], fill: Colour, alpha: float = 1.0
    ) -> None:
        """A filled oval."""
        layer, draw = self._layer()
        draw.ellipse(self._box(*at, *size), fill=(*fill, round(255 * alpha)))
        self.image.alpha_composite(layer)

    def soft(
        self, at: tuple[float, float], size: tuple[float, float], fill: Colour, alpha: float
    ) -> None:
        """A spot without an edge."""
        y, x = np.mgrid[0:DRAWN_PX, 0:DRAWN_PX].astype(np.float32)
        u, v = x / DRAWN_PX * 2.0 - 1.0, 1.0 - y / DRAWN_PX * 2.0
        far = ((u - at[0]) / size[0]) ** 2 + ((v - at[1]) / size[1]) ** 2
        spot = np.zeros((DRAWN_PX, DRAWN_PX, 4), np.uint8)
        spot[..., :3] = fill
        spot[..., 3] = 255.0 * alpha * np.exp(-2.0 * far)
        self.image.alpha_composite(Image.fromarray(spot))

    def arc(
        self,
        at: tuple[float, float],
        size: tuple[float, float],
        span: tuple[float, float],
        colour: Colour,
        thick: float,
    ) -> None:
        """Part of an oval, degrees clockwise from the right, with round ends."""
        angles = np.radians(np.linspace(*span, 40))
        line = [(at[0] + size[0] * np.cos(t), at[1] - size[1] * np.sin(t)) for t in angles]
        self.stroke(line, colour, thick)

    def stroke(self, line: list[tuple[float, float]], colour: Colour, thick: float) -> None:
        """A line through these points, with round ends."""
        layer, draw = self._layer()
        points = [self._px(u, v) for u, v in line]
        width = max(1, round(thick * 0.5 * DRAWN_PX))
        draw.line(points, fill=(*colour, 255), width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            r = 0.5 * width
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(*colour, 255))
        self.image.alpha_composite(layer)

    def box(
        self, at: tuple[float, float], size: tuple[float, float], fill: Colour, radius: float = 0.0
    ) -> None:
        """A filled box with round corners."""
        layer, draw = self._layer()
        draw.rounded_rectangle(
            self._box(*at, *size), radius=radius * 0.5 * DRAWN_PX, fill=(*fill, 255)
        )
        self.image.alpha_composite(layer)

    def fill(self, outline: list[tuple[float, float]], fill: Colour) -> None:
        """What an outline encloses."""
        layer, draw = self._layer()
        draw.polygon([self._px(u, v) for u, v in outline], fill=(*fill, 255))
        self.image.alpha_composite(layer)

    def keep(self, where: NDArray[np.bool_]) -> None:
        """Wipe out what lies elsewhere."""
        alpha = np.where(where, np.asarray(self.image.getchannel("A")), 0)
        self.image.putalpha(Image.fromarray(alpha.astype(np.uint8)))

    def inside(self, mask: Image.Image, draw_over: "Pen") -> None:
        """Blend another drawing, but only where the mask is."""
        layer = draw_over.image.copy()
        alpha = np.minimum(np.asarray(layer.getchannel("A")), np.asarray(mask))
        layer.putalpha(Image.fromarray(alpha))
        self.image.alpha_composite(layer)

    def mask(self, at: tuple[float, float], size: tuple[float, float]) -> Image.Image:
        """Where an oval is, 0 to 255."""
        mask = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(mask).ellipse(self._box(*at, *size), fill=255)
        return mask
