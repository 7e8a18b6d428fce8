"""The invisible mark: a 64-bit id spread over the luma of all frames, read without the original.

Spread spectrum (Cox et al., IEEE Trans. Image Processing 6(12), 1997) in the form of a tile: a
band of spatial frequencies of a 240x256 tile carries the id's code bits, a fifth of them a sync
pattern that finds the tile's place, scale and mirroring again. Phases and places of all carriers
come from the deployment's key: without the key the mark can be neither read nor forged.

Templates and detection live on a canonical picture whose shorter side is 360 px, so a scaled copy
of a clip costs nothing to find.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance.marks import codes

ALGORITHM = "org.vignette.luma-spread-spectrum.1"
# Noise passes this at one of a tile's 61,440 places, in one of 68 sizes and mirrorings, once in 250
# pictures, and the CRC then once in 65,536: less than one picture in ten million is misread.
ACCEPT_Z = 6.0
# A mark as clear as this outlives some more loss: of 284 rough copies 192 of the 193 with a clarity
# over 1.3 were read, 35 of 40 between 1.1 and 1.3, and 4 of 51 below.
_CLEAR_Z = ACCEPT_Z + 1.5
_CLEAR = 1.3
_CANONICAL_SIDE_PX = 360
_TILE = (256, 240)  # rows, columns
# Cycles per canonical pixel. Below, pictures have too much of their own; above, a re-encode at
# half size leaves nothing. Lower carriers are stronger: they are seen less and kept better.
_BAND = (0.03, 0.10)
_TILT = 0.5
_SYNC_SHARE = 0.2
_NEIGHBOURHOOD_PX = 17  # of the canonical picture
# A re-encode's keyframes hold the mark best but are few; at this share the ids of 64 rough copies
# were all read, z-score 7.2 at worst. Without them it was 6.3, and one was lost.
_KEYFRAMES_SHARE = 0.15
_MAX_ASPECT = 4
_SCALES = tuple(1.015**step for step in sorted(range(-15, 19), key=abs))

Luma: TypeAlias = NDArray[np.uint8]
Plane: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class InvisibleMark:
    """An id that was read.

    `z_score` is the sync peak, and `clarity` the code bits' mean, in standard deviations of noise.
    """

    mark_id: int
    z_score: float
    clarity: float
    scale: float
    is_mirrored: bool

    @property
    def is_clear(self) -> bool:
        """Whether it was read with a margin."""
        return self.z_score >= _CLEAR_Z and self.clarity >= _CLEAR


@dataclass(frozen=True, slots=True)
class _Carriers:
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    phases: NDArray[np.complex128]
    tilt: NDArray[np.float64]
    bits: NDArray[np.int64]  # the code bit that each carrier holds; -1 for the sync pattern


def luma_template(
    mark_id: int,
    key: bytes,
    size_px: tuple[int, int],
    *,
    samples: Sequence[Luma],
    strength: float = 1.0,
) -> Luma:
    """Draw the mark as a gray picture, to be merged into every frame as `Y + template - 128`.

    Args:
        mark_id: unsigned 64-bit.
        key: the deployment's watermark key.
        size_px: width and height of the clip.
        samples: a few frames of the clip. Where all have texture the mark is stronger (about 2
            luma levels rms) than where one is smooth (0.75, seen by no one): an encoder wipes it
            out sooner there, and eyes see it later.
        strength: a factor over those levels.

    Returns:
        A gray picture of that size around 128.

    Raises:
        ValueError: the id is no unsigned 64-bit number.
    """
    carriers = _carriers(key)
    signs = np.append(codes.encode(mark_id), 1.0)  # index -1: the sync carriers
    spectrum = np.zeros(_TILE, dtype=np.complex128)
    spectrum[carriers.rows, carriers.columns] = (
        carriers.phases * carriers.tilt * signs[carriers.bits]
    )
    tile = np.fft.ifft2(spectrum).real
    tile /= tile.std()
    scale = _CANONICAL_SIDE_PX / min(size_px)
    width, height = (side * scale for side in size_px)
    repeats = (math.ceil(height / _TILE[0]) + 1, math.ceil(width / _TILE[1]) + 1)
    pattern = Image.fromarray(np.tile(tile, repeats).astype(np.float32)).resize(
        size_px, Image.Resampling.BICUBIC, box=(0, 0, width, height)
    )
    levels = Image.fromarray(_strength(samples)).resize(size_px, Image.Resampling.BICUBIC)
    drawn: Plane = 128 + np.asarray(pattern) * np.asarray(levels) * strength
    return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


def read_mark(
    frames: Sequence[Luma],
    key: bytes,
    *,
    keyframes: Sequence[Luma] = (),
    is_copy: bool = True,
) -> InvisibleMark | None:
    """Read the id that `key` marked these luma planes with; several frames of one clip add up.

    Args:
        frames: luma planes of one size.
        key: the deployment's watermark key.
        keyframes: planes that encoders spend most on; each then counts for several others.
        is_copy: also search cropped sizes (0.80 to 1.30) and mirror images, at about 0.5 s when
            there is nothing to find. A plain resize or re-encode does not need it.

    Returns:
        The mark, or None: nothing is reported under a sync z-score of 6.0 or without a right CRC.
    """
    # A strip would become a huge canonical picture, and holds no tile.
    if not frames or max(frames[0].shape) > _MAX_ASPECT * min(frames[0].shape):
        return None
    evidence = _evidence(frames)
    if keyframes:
        evidence = evidence + _KEYFRAMES_SHARE * (_evidence(keyframes) - evidence)
    for is_mirrored in (False, True) if is_copy else (False,):
        plane = np.ascontiguousarray(evidence[:, ::-1]) if is_mirrored else evidence
        for scale in _SCALES if is_copy else (1.0,):
            mark = _read_at(plane, scale, key, is_mirrored=is_mirrored)
            if mark is not None:
                return mark
    return None


def _evidence(frames: Sequence[Luma]) -> Plane:
    """What the frames have in common on the canonical picture, each rid of what is its own."""
    side_px = min(frames[0].shape)
    shrinking = min(1.0, _CANONICAL_SIDE_PX / side_px)
    # A small copy is enlarged once, after the mean, not frame by frame.
    worked_side_px = side_px * shrinking
    reach_px = round(_NEIGHBOURHOOD_PX * worked_side_px / _CANONICAL_SIDE_PX) // 2
    total: Plane = np.zeros(1, dtype=np.float32)
    for frame in frames:
        total = total + _normalised(_resized(frame.astype(np.float32), shrinking), reach_px)
    return _resized((total / len(frames)).astype(np.float32), _CANONICAL_SIDE_PX / worked_side_px)


def _read_at(plane: Plane, scale: float, key: bytes, *, is_mirrored: bool) -> InvisibleMark | None:
    carriers = _carriers(key)
    values = np.fft.fft2(_folded(_resized(plane, scale)))[carriers.rows, carriers.columns]
    # Phase only: a host picture's own strong frequencies must not shout down the rest.
    values = values / np.maximum(np.abs(values), 1e-12) * carriers.phases.conj()
    values *= np.sqrt(carriers.tilt)
    z_score, row, column = _sync_peak(values, carriers)
    if z_score < ACCEPT_Z:
        return None
    turns = carriers.rows * (row / _TILE[0]) + carriers.columns * (column / _TILE[1])
    aligned = (values * np.exp(2j * np.pi * turns)).real
    is_data = carriers.bits >= 0
    soft = np.zeros(codes.CODE_BITS)
    np.add.at(soft, carriers.bits[is_data], aligned[is_data])
    mark_id = codes.decode(soft)
    if mark_id is None:
        return None
    held = soft * codes.encode(mark_id)
    clarity = float(held.mean() / max(held.std(), 1e-12))
    return InvisibleMark(mark_id, z_score, clarity, scale, is_mirrored)


def _sync_peak(values: NDArray[np.complex128], carriers: _Carriers) -> tuple[float, int, int]:
    is_sync = carriers.bits < 0
    spectrum = np.zeros(_TILE, dtype=np.complex128)
    spectrum[carriers.rows[is_sync], carriers.columns[is_sync]] = values[is_sync]
    surface = np.fft.ifft2(spectrum).real
    row, column = np.unravel_index(surface.argmax(), _TILE)
    noise = max(float(surface.std()), 1e-12)  # a picture of one colour has none
    return float(surface[row, column]) / noise, int(row), int(column)


@lru_cache(maxsize=8)
def _carriers(key: bytes) -> _Carriers:
    """Deal the band's frequencies to sync and code bits, each with a phase, as the key says."""
    frequency_rows = np.fft.fftfreq(_TILE[0])[:, None]
    frequency_columns = np.fft.fftfreq(_TILE[1])[None, :]
    radius = np.hypot(frequency_rows, frequency_columns)
    # A real picture's spectrum is symmetric: only one half of the plane is free.
    half = (frequency_columns > 0) | ((frequency_columns == 0) & (frequency_rows > 0))
    rows, columns = np.nonzero((radius >= _BAND[0]) & (radius <= _BAND[1]) & half)
    count = len(rows)
    # SHAKE rather than a numpy generator: the stream must be the same in every version for ever.
    stream = hashlib.shake_256(ALGORITHM.encode() + key).digest(16 * count)
    numbers = np.frombuffer(stream, dtype="<u8").reshape(2, count)
    order = numbers[1].argsort(kind="stable")
    sync_count = round(count * _SYNC_SHARE)
    bits = np.full(count, -1)
    bits[order[sync_count:]] = np.arange(count - sync_count) % codes.CODE_BITS
    return _Carriers(
        rows=rows,
        columns=columns,
        phases=np.exp(2j * np.pi * (numbers[0] / 2.0**64)),
        tilt=(radius[rows, columns] / _BAND[0]) ** -_TILT,
        bits=bits,
    )


def _strength(samples: Sequence[Luma]) -> Plane:
    """How strong the mark may be at each place, in luma levels rms: 0.75 to 2.4."""
    # Half the canonical size is enough for a map this smooth.
    planes = [_resized(_canonical(sample), 0.5) for sample in samples]
    # The mean of roots is small beside a lone edge, and the least of all samples is small where
    # something only passed: neither hides a mark. Texture that fills a place and stays does.
    reach = _NEIGHBOURHOOD_PX // 2
    roots = [np.sqrt(np.abs(plane - _local_mean(plane, reach))) for plane in planes]
    texture = np.min([_local_mean(root, reach) for root in roots], axis=0) ** 2
    changes = [np.abs(after - before) for before, after in pairwise(planes)]
    motion = _local_mean(np.mean(changes, axis=0), reach) if changes else np.zeros_like(texture)
    strength = 0.75 + 1.4 * texture / (texture + 4.0) + 0.3 * np.minimum(motion / 8.0, 1.0)
    return _local_mean(strength.astype(np.float32), reach)


def _canonical(frame: Luma) -> Plane:
    return _resized(frame.astype(np.float32), _CANONICAL_SIDE_PX / min(frame.shape))


def _resized(plane: Plane, scale: float) -> Plane:
    height_px, width_px = plane.shape
    size = (round(width_px * scale), round(height_px * scale))
    if size == (width_px, height_px):
        return plane
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC))


def _normalised(plane: Plane, reach_px: int) -> Plane:
    """Take away what a picture has of its own: its local mean and its local contrast."""
    detail = plane - _local_mean(plane, reach_px)
    contrast = np.sqrt(np.maximum(_local_mean(detail * detail, reach_px), 0.0))
    return np.clip(detail / (contrast + 1.0), -3.0, 3.0)


def _local_mean(plane: Plane, reach_px: int) -> Plane:
    """Mean over a square of `2 * reach_px + 1`, by running sums along each axis."""
    side = 2 * reach_px + 1
    for _ in range(2):
        padded = np.pad(plane, ((reach_px + 1, reach_px), (0, 0)), mode="symmetric")
        sums = np.cumsum(padded, axis=0)
        plane = np.ascontiguousarray(((sums[side:] - sums[:-side]) / side).T)
    return plane


def _folded(plane: Plane) -> NDArray[np.float64]:
    """Lay all tiles of a picture over each other."""
    height_px, width_px = plane.shape
    rows, columns = math.ceil(height_px / _TILE[0]), math.ceil(width_px / _TILE[1])
    padding = ((0, rows * _TILE[0] - height_px), (0, columns * _TILE[1] - width_px))
    blocks: Plane = np.pad(plane, padding).reshape(rows, _TILE[0], columns, _TILE[1])
    folded: NDArray[np.float64] = blocks.sum(axis=(0, 2), dtype=np.float64)
    return folded
