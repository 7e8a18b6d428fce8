"""Name → engine. Adding an engine: one file or folder in `engine/engines`, one line here."""

from importlib import import_module
from typing import cast

from engine.contracts import Engine

ENGINES: dict[str, str] = {
    "diffusers": "engine.engines.diffusers.engine:DiffusersEngine",
    "scene": "engine.engines.scene.engine:SceneEngine",
}
# What an engine is made with, by keyword; those without options are not named.
OPTIONS: dict[str, tuple[str, ...]] = {"diffusers": ("model", "licence", "recipe")}


def make_engine(name: str, **options: str | None) -> Engine:
    """Import and make the named engine, with its `OPTIONS`; heavy libraries load only now.

    Raises:
        KeyError: no engine has this name.
        EngineError: the engine cannot be made with these options; says why.
    """
    module_name, class_name = ENGINES[name].split(":")
    return cast("Engine", getattr(import_module(module_name), class_name)(**options))
