"""Frames: world, motion, cameras and light → pictures, a few at a time on all cores."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.frames.atlas import Atlas
from engine.engines.scene.frames.blur import smear
from engine.engines.scene.frames.environment import MIRROR_SIDE, Environment
from engine.engines.scene.frames.film import develop, fall
from engine.engines.scene.frames.focus import defocus
from engine.engines.scene.frames.pixels import ACROSS, Palette, palette_of
from engine.engines.scene.frames.plate import undeveloped
from engine.engines.scene.frames.records import record
from engine.engines.scene.frames.ripples import ripples
from engine.engines.scene.frames.solids import Solids
from engine.engines.scene.frames.stage import Stage
from engine.engines.scene.frames.styles import PIXEL, treat
from engine.engines.scene.frames.surface import DRY, EVERYWHERE, SPAN, heights_of, leans_of
from engine.engines.scene.frames.tracer import refine, shade
from engine.engines.scene.frames.visible import list_tiles, see
from engine.engines.scene.frames.water import flood, spray
from engine.engines.scene.frames.waters import water_of
from engine.engines.scene.light.lighting import Lighting
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.world import World

Picture = NDArray[np.uint8]
Light = NDArray[np.float32]
NOTHING = np.zeros((1, 1, 3), np.float32)
NO_DROPS = np.empty((0, 4), np.float32)
GRAIN_RATE = 24.0  # pictures a second at which the grain of film changes
WATER_ASIDE = 0.06  # how far aside rippled water mirrors, of the picture's height
DRY_LENS = 0.08  # m above the water


@dataclass(slots=True)
class Buffers:
    """What one frame shows: light, distance along the ray (m), and what was met."""

    light: Light
    depth: NDArray[np.float32]
    met: NDArray[np.int32]


class Take:
    """One simulated world with one light: everything a frame of it needs."""

    def __init__(  # noqa: PLR0913  (all but the first three are optional)
        self,
        world: World,
        motion: Motion,
        lighting: Lighting,
        *,
        cameras: Sequence[Camera] = (),
        clock: NDArray[np.float64] | None = None,
        atlas: Atlas | None = None,
        mouths: Mapping[str, NDArray[np.int8]] | None = None,
        plate: Light | None = None,
        plate_camera: Camera | None = None,
        mirror_side: int = MIRROR_SIDE,
        seed: int = 0,
    ) -> None:
        """Take a simulation in.

        Args:
            world: the bodies.
            motion: where they are, a frame each.
            lighting: sun, sky, air, grade and style.
            cameras: of every frame, for the blur of the camera's own motion.
            clock: simulated seconds of every frame, for waves; without it, those of the film.
            atlas: pictures for the decals that parts wear; a decal without one is not drawn.
            mouths: `Mouth` a frame of the take, by the name in a face's `Decal.text`.
            plate: (height, width, 3) linear light that stands for sky and ground.
            plate_camera: the first camera of the film, from which the plate is projected.
            mirror_side: texels on the side of the sky that mirrors see.
            seed: of grain and paper.
        """
        self._world, self._motion, self._lighting = world, motion, lighting
        self._cameras, self._clock, self._seed = cameras, clock, seed
        self._atlas = atlas or Atlas()
        self._solids = Solids(world, motion, self._atlas, mouths or {}, clock)
        self._environment = Environment(lighting.look, mirror_side)
        self._pool = water_of(world.place)
        self._palette: Palette | None = None
        self._palette_lock = threading.Lock()
        self._plate: Light | None = None
        self._plate_camera = plate_camera
        if plate is not None:
            self._plate = undeveloped(plate, self._developed)

    def picture(self, frame: int, camera: Camera, seconds: float, size: tuple[int, int]) -> Picture:
        """Render one frame; `size` is (width, height) in px. Safe to call from several threads."""
        seen = self.trace(frame, camera, seconds, size)
        self.blur(seen, frame, camera)
        return self.develop(seen, camera, seconds)

    def develop(self, seen: Buffers, camera: Camera, seconds: float) -> Picture:
        """Let rain or snow fall over the light of a frame, and make it a picture of its style."""
        look = self._lighting.look._replace(seconds=seconds)
        if self._lighting.falling:
            fall(seen.light, self._lighting.falling, camera, look)
        picture = self._developed(seen.light, seconds)
        number = round(seconds * GRAIN_RATE)
        treatment = self._lighting.treatment
        palette = self._colours() if treatment == PIXEL and self._cameras else None
        return treat(picture, seen.met, seen.depth, treatment, self._seed, number, palette)

    def _colours(self) -> Palette:
        """The few colours of all pictures of the take, from its first, middle and last."""
        with self._palette_lock:
            if self._palette is None:
                last = len(self._cameras) - 1
                pictures = []
                for frame in sorted({0, last // 2, last}):
                    seen = self.trace(frame, self._cameras[frame], 0.0, (ACROSS, ACROSS))
                    pictures.append(self._developed(seen.light))
                self._palette = palette_of(pictures)
            return self._palette

    def _developed(self, light: Light, seconds: float = 0.0) -> Picture:
        picture = np.empty(light.shape, np.uint8)
        develop(light, record(self._lighting.look._replace(seconds=seconds)), picture)
        return picture

    def blur(self, seen: Buffers, frame: int, camera: Camera) -> None:
        """Blur what is out of focus, then what moves."""
        lens, out = record(camera), np.empty_like(seen.light)
        if camera.aperture > 0.0 and defocus(lens, seen.depth, seen.light, out):
            seen.light, out = out, seen.light
        other = frame + 1 if frame + 1 < len(self._motion.positions) else frame - 1
        if other < 0:
            return
        now, then = self._solids.at(frame), self._solids.at(other)
        beyond = record(self._cameras[other]) if other < len(self._cameras) else lens
        moved = smear(
            now.ctypes.data, then.ctypes.data, lens, beyond, seen.depth, seen.met, seen.light, out
        )
        if moved:
            seen.light = out

    def trace(self, frame: int, camera: Camera, seconds: float, size: tuple[int, int]) -> Buffers:
        """Light, depth and identity of one frame, all sharp."""
        width, height = size
        lens = record(camera)
        look = record(self._lighting.look._replace(seconds=seconds))
        solids, groups = self._solids.at(frame), self._solids.groups(frame)
        first, after, share = self._environment.tables(lens, seconds, size)
        mirror, plate = self._environment.mirror, self._plate
        taken = self._plate_camera or camera
        clock = seconds if self._clock is None else float(self._clock[frame])
        clock += self._world.start_seconds
        is_wet = self._pool.is_there != DRY
        tile = ripples(clock) if is_wet else NOTHING
        heights, leans = np.zeros((1, 1), np.float32), None
        if self._pool.is_there == EVERYWHERE:
            water = self._motion.water
            simulated = None if water is None else water[frame]
            heights = heights_of(simulated, clock, self._world.place.waves)
            leans = leans_of(heights)
            camera = _above(camera, heights)
            lens = record(camera)
        stage = record(
            Stage(
                solids=solids.ctypes.data,
                solid_count=len(solids),
                groups=groups.ctypes.data,
                images=self._atlas.images.ctypes.data,
                sky=first.ctypes.data,
                next_sky=after.ctypes.data,
                sky_share=float(share),
                sky_side=first.shape[1],
                mirror=mirror.ctypes.data,
                mirror_side=mirror.shape[1],
                plate=0 if plate is None else plate.ctypes.data,
                plate_width=0 if plate is None else plate.shape[1],
                plate_height=0 if plate is None else plate.shape[0],
                plate_eye=taken.eye,
                plate_right=taken.right,
                plate_up=taken.up,
                plate_forward=taken.forward,
                plate_half_height=taken.half_height,
                is_there=self._pool.is_there,
                bed=self._pool.bed,
                depth=self._pool.depth,
                absorbs=self._pool.absorbs,
                scatters=self._pool.scatters,
                rough=self._pool.rough,
                foam=self._pool.foam,
                top=float(np.abs(heights).max()),
                heights=heights.ctypes.data,
                leans=0 if leans is None else leans.ctypes.data,
                ripples=tile.ctypes.data,
                seconds=clock,
            )
        )
        depth = np.empty((height, width), np.float32)
        met = np.empty((height, width), np.int32)
        light, out = np.empty((2, height, width, 3), np.float32)
        waves = self._world.place.waves
        aside = (WATER_ASIDE + 0.5 * min(waves, 0.5)) * height if is_wet else 0.0
        lists = list_tiles(solids, lens, width, height, 0.5 * aside)
        reflected = list_tiles(solids, record(_mirrored(camera)), width, height, aside)
        see(stage, lists, lens, depth, met)
        shade(stage, look, lens, reflected, depth, met, light)
        if is_wet:
            flood(stage, look, lens, lists, reflected, depth, met, light)
        refine(stage, look, lens, lists, depth, met, light, out)
        drops = self._motion.droplets[frame] if self._motion.droplets else NO_DROPS
        spray(drops, lens, look, depth, out)
        return Buffers(out, depth, met)


def _above(camera: Camera, heights: Light) -> Camera:
    """The camera, lifted out of the water if it is in it."""
    x, y, z = camera.eye
    n = len(heights)
    i, j = (min(max(int((v / SPAN + 0.5) * n), 0), n - 1) for v in (x, y))
    return camera._replace(eye=(x, y, max(z, float(heights[j, i]) + DRY_LENS)))


def _mirrored(camera: Camera) -> Camera:
    """The camera as the ground mirrors it: what it sees, the ground shows at the same pixel."""

    def down(v: tuple[float, float, float]) -> tuple[float, float, float]:
        return (v[0], v[1], -v[2])

    return camera._replace(
        eye=down(camera.eye),
        right=down(camera.right),
        up=down(camera.up),
        forward=down(camera.forward),
    )


def render_frames(
    jobs: Sequence[tuple[Take, int, Camera, float]], size: tuple[int, int]
) -> Iterator[Picture]:
    """Yield pictures in order; each is asked as (take, its frame, camera, second of the film).

    The tracer runs without the interpreter's lock, so one thread a core is enough; at most two
    pictures a core wait for the consumer.
    """
    cores = os.cpu_count() or 1
    waiting: list[Future[Picture]] = []
    with ThreadPoolExecutor(cores, thread_name_prefix="tracer") as pool:
        try:
            for take, frame, camera, seconds in jobs:
                waiting.append(pool.submit(take.picture, frame, camera, seconds, size))
                if len(waiting) > 2 * cores:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
