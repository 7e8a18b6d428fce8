"""Props: things of the vocabulary that are made here, because they hinge, roll, hold or carry."""

from collections.abc import Callable

from engine.engines.scene.scene.props.boats import BOATS
from engine.engines.scene.scene.props.furniture import FURNITURE
from engine.engines.scene.scene.props.playground import PLAYGROUND
from engine.engines.scene.scene.props.street import STREET
from engine.engines.scene.scene.props.vehicles import VEHICLES
from engine.engines.scene.scene.props.workshop import Prop, Workshop, put_together
from engine.engines.scene.scene.things import Thing

PROPS: dict[str, Callable[[Workshop], Prop]] = {
    **BOATS,
    **FURNITURE,
    **PLAYGROUND,
    **STREET,
    **VEHICLES,
}


def make_prop(kind: str, name: str, shop: Workshop) -> Thing:
    """Make a prop for the subject that the workshop works for, at the origin."""
    return put_together(shop.subject, name, PROPS[kind](shop))
