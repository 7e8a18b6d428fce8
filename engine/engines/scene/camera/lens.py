"""The camera of one frame, as the compiled tracer takes it, and what a focal length sees."""

from typing import NamedTuple

Triple = tuple[float, float, float]
FILM_MM = 36.0  # the longer side of the picture on the film


class Camera(NamedTuple):
    """A lens; unit vectors, and the tangent of half the vertical view."""

    eye: Triple
    right: Triple
    up: Triple
    forward: Triple
    half_height: float
    focus: float = 4.0  # m to what is sharp
    aperture: float = 0.0  # m, radius of the lens; 0: all is sharp


def half_height_of(focal_mm: float, aspect: float) -> float:
    """Tangent of half the vertical view; an upright picture is taken with an upright camera."""
    return 0.5 * FILM_MM / focal_mm / max(aspect, 1.0)
