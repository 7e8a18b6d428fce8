"""The camera of one frame, as the compiled tracer takes it."""

from typing import NamedTuple

Triple = tuple[float, float, float]


class Camera(NamedTuple):
    """A lens; unit vectors, and the tangent of half the vertical view."""

    eye: Triple
    right: Triple
    up: Triple
    forward: Triple
    half_height: float
    focus: float = 4.0  # m to what is sharp
    aperture: float = 0.0  # m, radius of the lens; 0: all is sharp
