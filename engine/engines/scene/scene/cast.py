"""Cast: subjects → things, the same ones whichever shot they are in."""

from dataclasses import replace

from engine.engines.scene.language.script import Subject
from engine.engines.scene.scene.figures import build_of, make_figure
from engine.engines.scene.scene.props import PROPS, make_prop
from engine.engines.scene.scene.props.workshop import Workshop
from engine.engines.scene.scene.solids import make_body
from engine.engines.scene.scene.things import Thing, assembled, chance, thing_of

PERSON_HEIGHT = 1.7  # m; everything else has the size that suits this
TOY_HEIGHT = 1.42  # m, of the rigid figure in the table
SWUNG_BACK = {"pendulum": 50.0, "wrecking_ball": 60.0, "swing": 34.0, "door": 25.0}
OPEN = {"crate": "open_box", "cardboard_box": "open_box"}
ORIGIN = (0.0, 0.0, 0.0)
FLYERS = frozenset({"rocket", "plane"})
SWINGING = frozenset({"swing", "crash", "hit", None})


def make_cast(
    subjects: list[Subject], seed: int, script: tuple[Subject, ...] = ()
) -> list[list[Thing]]:
    """Make the things of every subject, each with a name of its own, around the origin.

    Args:
        subjects: whom to make.
        seed: with the name of a subject, it decides what it looks like.
        script: all subjects of the shot: a box into which something falls has no lid.
    """
    taken: set[str] = set()
    entered = {id(script[j]) for s in script if (j := _entered_by(s, script)) is not None}
    cast = []
    for subject in subjects:
        name = _unique(subject.name or subject.kind.said, taken)
        cast.append(
            [
                _made(
                    subject,
                    name,
                    index,
                    seed,
                    is_open=id(subject) in entered,
                    raised=_raised(subject, script),
                )
                for index in range(subject.count)
            ]
        )
    return cast


def _entered_by(subject: Subject, script: tuple[Subject, ...]) -> int | None:
    """The index of what a subject gets into: a box, a swing, or a car that it drives."""
    relation = subject.relation
    if relation is not None and (
        relation.kind in {"in", "into", "inside"} or script[relation.other].kind.name == "swing"
    ):
        return relation.other
    if subject.action in {"drive", "ride"} and build_of(subject.kind):
        cars = (j for j, other in enumerate(script) if other.kind.name == "car")
        return next(cars, None)
    return None


def _raised(subject: Subject, script: tuple[Subject, ...]) -> float:
    """How much higher a ball has to hang to meet a tower above its foot, metres."""
    towers = [other for other in script if other.arrangement == "stack" and other is not subject]
    if subject.kind.name != "wrecking_ball" or not towers:
        return 0.0
    tower = towers[0]
    storey = 2.0 * tower.scale * max(part.size[-1] for part in tower.kind.parts)
    return min(max(0.3 * storey * min(tower.count, 12) - 0.45, 0.0), 1.3)


def _unique(name: str, taken: set[str]) -> str:
    """The name, or "name b", "name c" when somebody else in the shot is called so too."""
    letters = iter("bcdefghijklmnopqrstuvwxyz")
    free = name
    while free in taken:
        free = f"{name} {next(letters)}"
    taken.add(free)
    return free


def _made(
    subject: Subject, name: str, index: int, seed: int, *, is_open: bool, raised: float
) -> Thing:
    looks = chance(seed, name, "looks")  # the same for every index: see make_body
    own_name = f"{name} {index + 1}" if subject.count > 1 else name
    build = build_of(subject.kind)
    if build is not None:  # of several people, no two look alike
        looks = chance(seed, own_name, "looks")
        figure = make_figure(subject, index, looks, at=ORIGIN, heading=0.0, first_body=0)
        bodies = tuple(
            replace(body, name=body.name.removeprefix(f"{figure.name}/")) for body in figure.bodies
        )
        made = assembled(subject, own_name, bodies, figure.joints)
        return replace(made, actor=build)
    prop = next((name for name in subject.kind.kin if name in PROPS), subject.kind.name)
    prop = OPEN.get(prop, prop) if is_open else prop
    if prop in PROPS:
        shop = Workshop(subject, index, looks)
        shop.is_open, shop.raised = is_open, raised
        if subject.action in SWINGING:
            back = SWUNG_BACK.get(subject.kind.name, 0.0)
            shop.swing_degrees = 0.0 if is_open else back  # with a rider it is set going
        return make_prop(prop, own_name, shop)
    if subject.kind.upright:
        scale = subject.scale * PERSON_HEIGHT / TOY_HEIGHT
        return thing_of(subject, own_name, make_body(replace(subject, scale=scale), index, looks))
    made = thing_of(subject, own_name, make_body(subject, index, looks))
    return replace(made, actor=subject.kind.actor if subject.kind.actor in FLYERS else None)
