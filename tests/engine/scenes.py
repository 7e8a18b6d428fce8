"""Scripts without a prompt, and what tests measure of a world, by means of their own."""

import numpy as np

from engine.engines.scene.language.script import Relation, Script, Subject
from engine.engines.scene.language.vocabulary import SubjectKind, vocabulary
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.physics.simulate import simulate
from engine.engines.scene.scene.solids import Body, Part
from engine.engines.scene.scene.world import World

GRID = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9)] * 3, indexing="ij"), -1).reshape(-1, 3)


def kind(name: str) -> SubjectKind:
    return vocabulary().subjects[name]


def subject(name: str, count: int = 1, relation: tuple[str, int] | None = None, **more) -> Subject:
    said = more.pop("called", name)
    where = Relation(*relation) if relation else None
    return Subject(kind(name), count, name=said, relation=where, **more)


def script(*subjects: Subject, place: str | None = None) -> Script:
    return Script(subjects=subjects, place=place)


def turn_of(body: Body) -> np.ndarray:
    return np.eye(3) if body.rotation is None else body.rotation


def depth_inside(part: Part, points: np.ndarray) -> np.ndarray:
    """How deep points in the part's own frame are inside it, metres; negative outside."""
    a, b, c = part.size
    x, y, z = points.T
    if part.shape in {"sphere", "ellipsoid"}:
        return (1 - np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2)) * min(a, b, c)
    if part.shape == "box":
        return np.minimum(np.minimum(a - abs(x), b - abs(y)), c - abs(z))
    if part.shape == "capsule":
        return a - np.sqrt(x * x + y * y + np.maximum(abs(z) - b, 0) ** 2)
    if part.shape == "cylinder":
        return np.minimum(a - np.hypot(x, y), b - abs(z))
    return np.minimum(a * (b - z) / (2 * b) - np.hypot(x, y), z + b)


def points_of(part: Part) -> np.ndarray:
    """A grid of points that fills the part, in its own frame."""
    a, b, c = part.size
    if part.shape == "capsule":
        half = (a, a, a + b)
    else:
        half = (a, a, b) if part.shape in {"cylinder", "cone"} else (a, b, c)
    points = GRID * half
    return points[depth_inside(part, points) >= -1e-9]


def overlaps(world: World, deeper_than: float = 0.005) -> list[tuple[str, str, float]]:
    """Pairs of bodies of different things that share space, and how deep; by sampling."""
    placed = [
        [
            (part, np.array(body.position) + turn_of(body) @ part.at, turn_of(body) @ part.rotation)
            for part in body.parts
        ]
        for body in world.bodies
    ]
    found = []
    for i, one in enumerate(world.bodies):
        for j in range(i + 1, len(world.bodies)):
            other = world.bodies[j]
            same = one.name.split("/")[0] == other.name.split("/")[0]
            if same or (one.is_fixed and other.is_fixed):
                continue
            deepest = max(
                (_deepest(p, q) for p in placed[i] for q in placed[j] if _near(p, q)), default=-1.0
            )
            if deepest > deeper_than:
                found.append((one.name, other.name, round(deepest, 4)))
    return found


def _near(one, other) -> bool:
    return np.linalg.norm(one[1] - other[1]) < one[0].bound + other[0].bound


def _deepest(one, other) -> float:
    (p, p_at, p_turn), (q, q_at, q_turn) = one, other
    of_p = points_of(p) @ p_turn.T + p_at
    of_q = points_of(q) @ q_turn.T + q_at
    return max(
        float(depth_inside(q, (of_p - q_at) @ q_turn).max(initial=-1.0)),
        float(depth_inside(p, (of_q - p_at) @ p_turn).max(initial=-1.0)),
    )


def never() -> bool:
    """Nobody cancels."""
    return False


def filmed(world: World, seconds: float) -> Motion:
    """Simulate a world, 24 frames a second."""
    return simulate(world, np.arange(round(seconds * 24)) / 24, is_cancelled=never)


def body(world: World, name: str) -> int:
    """Index of the body of this name."""
    return next(i for i, b in enumerate(world.bodies) if b.name == name)
