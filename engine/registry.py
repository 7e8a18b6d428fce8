"""Name → engine. Adding an engine: one file or folder in `engine/engines`, one line here."""

from importlib import import_module
from typing import cast

from engine.contracts import Engine

ENGINES: dict[str, str] = {
    "scene": "engine.engines.scene.engine:SceneEngine",
}


def make_engine(name: str) -> Engine:
    """Import and make the named engine; heavy libraries load only now.

    Raises:
        KeyError: no engine has this name.
    """
    module_name, class_name = ENGINES[name].split(":")
    return cast("Engine", getattr(import_module(module_name), class_name)())
