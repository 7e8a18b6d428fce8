"""World: bodies, the joints between them, and the actors that move by themselves.

Metres, seconds, kilograms; x to the right, y away from the camera, z up; the action is around the
origin. The contract between the scene and physics, camera, frames and sound.
"""

from dataclasses import dataclass
from typing import Literal

from engine.engines.scene.language.vocabulary import Place, Vector
from engine.engines.scene.scene.solids import Body

WORLD = -1  # in place of a body: the ground, the walls, whatever does not move


@dataclass(frozen=True, slots=True)
class Joint:
    """Links `child` to `parent` (indices of bodies, or WORLD); places are of time 0.

    Angles are degrees about `axis` from the pose in which the parts are drawn.
    """

    parent: int
    child: int
    kind: Literal["hinge", "ball", "fixed"]
    at: Vector
    axis: Vector = (0.0, 1.0, 0.0)
    name: str = ""  # "left_knee"
    low: float | None = None
    high: float | None = None
    angle: float = 0.0  # of a hinge, in the pose of time 0
    stiffness: float = 0.0  # N·m/rad
    damping: float = 0.0  # N·m·s/rad
    strength: float = 0.0  # N·m that its motor can give; 0: no motor


@dataclass(frozen=True, slots=True)
class Act:
    """One thing an actor does, from `start` (seconds of simulated time) until the next."""

    start: float
    action: str
    towards: Vector | None = None  # a place
    with_body: int | None = None  # what it throws, catches, kicks, stands on
    turns: int = 1
    pace: float = 1.0
    is_seated: bool = False  # it is done sitting on `with_body`


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that moves by itself: its bodies, root first, and what it does."""

    name: str  # of the subject
    kind: str  # "person", "dog", "horse", "bird", "fish", "car", "boat", "rocket", …
    bodies: tuple[int, ...]
    plan: tuple[Act, ...] = ()
    goes_on: bool = False  # its bodies are as another simulation left them


@dataclass(frozen=True, slots=True)
class BodyState:
    """How a body was when a simulation ended; `rotation` is its matrix, row by row."""

    position: Vector
    rotation: tuple[float, ...]
    velocity: Vector
    spin: Vector


@dataclass(frozen=True, slots=True)
class WorldState:
    """The end of a simulation, from which another goes on; bodies by their name."""

    seconds: float
    bodies: dict[str, BodyState]
    angles: dict[str, float]  # of hinges, degrees, by "actor/joint"


@dataclass(frozen=True, slots=True)
class World:
    """All bodies at time 0, and the place they are in."""

    bodies: tuple[Body, ...]
    place: Place
    joints: tuple[Joint, ...] = ()
    actors: tuple[Actor, ...] = ()
    wind: Vector = (0.0, 0.0, 0.0)  # m/s
    start_seconds: float = 0.0  # of the world's clock at time 0: waves go on across a cut
