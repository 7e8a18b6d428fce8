"""Warming up: every kernel compiled, or loaded compiled, and the voice read; by tiny pictures.

Compiling takes a core for more than a minute, once for a checkout. Where there is a second core,
a helper process does half of it; the two meet in numba's cache on disk.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import engine
from engine.contracts import VideoRequest
from engine.engines.scene.frames.render import Buffers
from engine.engines.scene.frames.styles import warm_up_styles
from engine.engines.scene.physics.surface import footprint
from engine.engines.scene.pictures import draw, take_of
from engine.engines.scene.production import Film, produce

# Between them they take every branch: wind and rain, water and drops, a lens out of focus, words.
# The first needs little of the physics, which the helper compiles meanwhile.
WARM_UPS = (
    "a steel ball and a glass cube on a tiled floor",
    'close-up, 85mm: a boy says "Go!", a steel ball and a stone fall into a pool in a storm',
    "rack focus from a red ball to a cube, 85mm, it snows, the ball bounces on the cube",
)
SECONDS = 1
SIZE = 32, 32
# Bound to its parent before the slow imports.
HELPER = """
from engine.parent import die_with_parent
die_with_parent()
from engine.engines.scene.warming import compile_aside
compile_aside()
"""


def warm_up() -> Iterator[Film]:
    """Compile what is not compiled yet; yields the films it does so with, for who needs more."""
    with _helped():
        for prompt in WARM_UPS:
            film = _film(prompt)
            list(draw(film, frames=[0, film.frames - 1], size=SIZE))
            yield film
        warm_up_styles()


def compile_aside() -> None:
    """Compile what needs no traced picture: styles, physics, blur, development."""
    gc.disable()  # a compiler's graphs are long-lived: an eighth less time, for a short life
    warm_up_styles()
    for prompt in WARM_UPS[1:]:
        film = _film(prompt)
        shot = film.shots[0]
        take, camera = take_of(film, shot, SIZE), shot.cameras[0]
        light, depth = np.zeros((*SIZE, 3), np.float32), np.ones(SIZE, np.float32)
        seen = Buffers(light, depth, np.zeros(SIZE, np.int32))
        take.blur(seen, 0, camera)
        take.develop(seen, camera, 0.0)


def _film(prompt: str) -> Film:
    return produce(VideoRequest(prompt, SECONDS, seed=1), 1, lambda: False)


@contextmanager
def _helped() -> Iterator[None]:
    """Run the helper beside the block if there is something to compile and a core to do it."""
    footprint(1.0, 1.0)  # the smallest kernel tells whether the cache has been filled
    if footprint.stats.cache_hits or (os.cpu_count() or 1) < 2:
        yield
        return
    root = Path(engine.__file__).parents[1]
    command = [sys.executable, "-c", HELPER]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL) as helper:  # noqa: S603
        try:
            yield
        finally:
            helper.terminate()  # whatever it has not done by now is done
