"""Independent eyes: what is in pictures, measured from their pixels alone (OpenCV)."""
# mypy: disable-error-code="call-overload,attr-defined,redundant-expr"
# OpenCV declares narrower types than it takes.

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

# Hue (0-180), saturation and value (0-255) bounds; red is two bands.
COLOURS = {
    "red": (((0, 110, 60), (9, 255, 255)), ((171, 110, 60), (180, 255, 255))),
    "orange": (((7, 120, 90), (21, 255, 255)),),
    "yellow": (((20, 90, 110), (36, 255, 255)),),
    "green": (((37, 60, 30), (88, 255, 255)),),
    "blue": (((98, 90, 40), (128, 255, 255)),),
    "purple": (((126, 50, 40), (158, 255, 255)),),
    "pink": (((150, 40, 120), (178, 190, 255)),),
    "white": (((0, 0, 185), (180, 50, 255)),),
    "black": (((0, 0, 0), (180, 255, 42)),),
    "brown": (((4, 60, 30), (22, 220, 170)),),
}

BACKGROUND = 0.3  # of the picture's width: corners that agree within less are one thing's
CHANGE = 14  # levels (0-255) that shading and grain do not reach
PART = 0.15  # of the largest thing that moves: less is a limb, a fold or a splash of its own
# A cut changes so much of the picture, and so many times what changes around it.
CUT = ((0.12, 3.0), (0.06, 4.0), (0.03, 8.0))
BACKDROP = 0.2  # of the picture: a larger mass of one colour is what all stands before
SLOW = 0.4  # of the speed of what moves fastest
TRACKING = {"winSize": (21, 21), "maxLevel": 4}


@dataclass(frozen=True)
class CameraMove:
    """Mean motion of the background from frame to frame, in shares of the picture's width."""

    right: float  # the background moves to the right: the camera turns or goes left
    down: float
    growth: float  # of its scale a frame: 0.01 = 1 % larger every frame
    roll_degrees: float


def colour_share(picture: np.ndarray, name: str) -> float:
    """Share of the pixels that a person would call by this colour's name."""
    return float((_mask(picture, name) > 0).mean())


def colour_mass(picture: np.ndarray, name: str) -> float:
    """Share of the pixels in masses of this colour, without a backdrop of it.

    A backdrop is large, or reaches from one side of the picture to the other.
    """
    mask = _mask(picture, name)
    number, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas, widths = stats[1:number, cv2.CC_STAT_AREA], stats[1:number, cv2.CC_STAT_WIDTH]
    is_thing = (areas < BACKDROP * mask.size) & (widths < 0.95 * mask.shape[1])
    return float(areas[is_thing].sum()) / mask.size


def colour_middle(picture: np.ndarray, name: str) -> tuple[float, float] | None:
    """Where the colour's largest mass lies, (x, y) in 0-1 from the top left; None: nowhere."""
    mask = _largest_mass(picture, name)
    if mask is None:
        return None
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    return (float(columns.mean()) / width, float(rows.mean()) / height)


def _mask(picture: np.ndarray, name: str) -> np.ndarray:
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    mask = np.zeros(picture.shape[:2], np.uint8)
    for low, high in COLOURS[name]:
        mask |= cv2.inRange(hsv, np.array(low), np.array(high))
    return mask


def _largest_mass(picture: np.ndarray, name: str) -> np.ndarray | None:
    mask = cv2.morphologyEx(_mask(picture, name), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    number, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if number < 2:
        return None
    return (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)


def brightness(picture: np.ndarray) -> float:
    """Mean luma, 0-1."""
    return float(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).mean()) / 255.0


def saturation(picture: np.ndarray) -> float:
    """Mean saturation, 0-1."""
    return float(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)[..., 1].mean()) / 255.0


def sharpness(picture: np.ndarray) -> float:
    """Variance of the Laplacian of the luma."""
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def cuts(pictures: Sequence[np.ndarray]) -> list[int]:
    """Frames at which another shot begins: neither content nor layout continues.

    Before a plain backdrop little changes, but beside what changes around it that is a lot.
    """
    found = []
    differences = changes(pictures)
    for i, change in enumerate(differences):
        around = np.r_[differences[max(0, i - 4) : i], differences[i + 1 : i + 5]]
        times = change / max(float(np.median(around)), 1e-4) if len(around) else 0.0
        if any(change > least and times > more for least, more in CUT):
            found.append(i + 1)
    return found


def _change(a: np.ndarray, b: np.ndarray) -> float:
    """Mean difference of two pictures once small, 0-1."""
    small = [cv2.resize(p, (24, 32), interpolation=cv2.INTER_AREA).astype(float) for p in (a, b)]
    return float(np.abs(small[0] - small[1]).mean()) / 255.0


def camera_move(pictures: Sequence[np.ndarray]) -> CameraMove:
    """How the background moves, by tracked corners and the similarity most of them agree on."""
    return usual_move(camera_steps(pictures))


def usual_move(steps: np.ndarray) -> CameraMove:
    """The median of a film's steps; a background that cannot be tracked counts as at rest."""
    seen = steps[~np.isnan(steps[:, 0])]
    if not len(seen):
        return CameraMove(0.0, 0.0, 0.0, 0.0)
    return CameraMove(*(float(v) for v in np.median(seen, axis=0)))


def camera_steps(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Right, down, growth and roll of the background from each picture to the next; NaN: lost."""
    steps = [_similarity(a, b) or (np.nan,) * 4 for a, b in pairwise(pictures)]
    return np.array(steps).reshape(-1, 4)


def _similarity(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float, float] | None:
    """Of the background; None where too few corners agree, or only those of one thing."""
    grey = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (a, b)]
    corners = cv2.goodFeaturesToTrack(grey[0], 400, 0.004, 4)
    if corners is None or len(corners) < 8:
        return None
    tracked, found, _ = cv2.calcOpticalFlowPyrLK(*grey, corners, None, **TRACKING)
    back, again, _ = cv2.calcOpticalFlowPyrLK(*reversed(grey), tracked, None, **TRACKING)
    strayed = np.linalg.norm((back - corners).reshape(-1, 2), axis=1)
    good = (found.ravel() == 1) & (again.ravel() == 1) & (strayed < 1.0)
    if good.sum() < 8:
        return None
    corners, tracked = corners.reshape(-1, 2)[good], tracked.reshape(-1, 2)[good]
    matrix, agree = cv2.estimateAffinePartial2D(corners, tracked, ransacReprojThreshold=0.8)
    if matrix is None or agree.sum() < 8:
        return None
    height, width = grey[0].shape
    spread = np.ptp(np.percentile(corners[agree.ravel() == 1], (5, 95), axis=0), axis=0)
    if spread[0] < BACKGROUND * width:
        return None
    middle = np.array([0.5 * width, 0.5 * height, 1.0])
    moved = matrix @ middle - middle[:2]
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    roll = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
    return (float(moved[0]) / width, float(moved[1]) / width, scale - 1.0, roll)


def own_motions(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """How everything moves against the background, (rows, columns, 2) in px, a step each."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return [_own_motion(flow, a, b) for a, b in pairwise(pictures)]


def moving_mask(own: np.ndarray) -> np.ndarray:
    """Where something moves against the background."""
    fast = np.hypot(own[..., 0], own[..., 1]) > max(0.5, 0.004 * own.shape[1])
    return cv2.morphologyEx(fast.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))


def moving_share(motions: Sequence[np.ndarray]) -> float:
    """Share of the picture that moves by itself, on average over the film."""
    return float(np.mean([moving_mask(own).mean() for own in motions])) if motions else 0.0


def moving_things(motions: Sequence[np.ndarray]) -> int:
    """How many separate things move, at the moment when most are seen apart.

    What moves far slower than the rest is ground that goes by or a shadow's edge.
    """
    counts = []
    for own in motions:
        mask, speed = moving_mask(own), np.hypot(own[..., 0], own[..., 1])
        if mask.any():
            mask &= (speed > SLOW * np.percentile(speed[mask > 0], 90)).astype(np.uint8)
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9)))
        number, _, stats, _ = cv2.connectedComponentsWithStats(closed)
        areas = stats[1:number, cv2.CC_STAT_AREA]
        least = max(0.0008 * mask.size, PART * areas.max(initial=0))
        counts.append(int((areas > least).sum()))
    return int(np.percentile(counts, 75)) if counts else 0


def motion_direction(motions: Sequence[np.ndarray]) -> tuple[float, float]:
    """Mean own motion (right, down) of what moves, in picture widths a step."""
    total, weight = np.zeros(2), 0.0
    for own in motions:
        fast = moving_mask(own) > 0
        total += own[fast].sum(axis=0)
        weight += float(fast.sum())
    right, down = total / max(weight, 1.0) / (motions[0].shape[1] if motions else 1)
    return (float(right), float(down))


def motion_extent(motions: Sequence[np.ndarray]) -> tuple[float, float]:
    """Mean own speed (sideways, up and down) of what moves, whichever way, in widths a step."""
    return motion_direction([np.abs(own) for own in motions])


def turns_back(motions: Sequence[np.ndarray]) -> int:
    """How often what moves sideways turns back."""
    ways = [motion_direction([own])[0] for own in motions]
    strong = [way for way in ways if abs(way) > 0.3 * max(map(abs, ways), default=0.0)]
    return sum(1 for a, b in pairwise(strong) if a * b < 0)


def _own_motion(flow: cv2.DISOpticalFlow, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Optical flow less the motion of the background, in pixels.

    Where the background's motion explains the second picture nothing else moves: flow over a plain
    wall is a guess.
    """
    grey = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (a, b)]
    dense = flow.calc(grey[0], grey[1], None)
    height, width = grey[0].shape
    right, down, growth, roll = _similarity(a, b) or (0.0, 0.0, 0.0, 0.0)
    angle = np.radians(roll)
    x, y = np.meshgrid(np.arange(width) - 0.5 * width, np.arange(height) - 0.5 * height)
    background = np.stack(
        [growth * x - angle * y + right * width, growth * y + angle * x + down * width], axis=-1
    )
    at = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) + background
    expected = cv2.remap(b, at.astype(np.float32), None, cv2.INTER_LINEAR, borderValue=(0, 0, 0))
    inside = (at >= 0).all(axis=-1) & (at[..., 0] < width) & (at[..., 1] < height)
    differs = (np.abs(expected.astype(int) - a).max(axis=2) > CHANGE) & inside
    differs = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2)))
    near = cv2.dilate(differs, np.ones((7, 7)))
    # The inside of a plain thing is explained by anything.
    near = cv2.morphologyEx(near, cv2.MORPH_CLOSE, np.ones((int(0.12 * width),) * 2))
    return (dense - background) * near[..., None]


def contrast(picture: np.ndarray) -> float:
    """Standard deviation of the luma, 0-1: haze and night lower it."""
    return float(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).std()) / 255.0


def warmth(picture: np.ndarray) -> float:
    """Mean red less mean blue, 0-1; a low sun raises it."""
    red, _, blue = picture.reshape(-1, 3).mean(axis=0)
    return float(red - blue) / 255.0


def blockiness(picture: np.ndarray) -> float:
    """Share of the pixels that are exactly like their right and lower neighbours."""
    right = (picture[:-1, :-1] == picture[:-1, 1:]).all(axis=2)
    down = (picture[:-1, :-1] == picture[1:, :-1]).all(axis=2)
    return float((right & down).mean())


def changes(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Mean difference of each picture from the next once small, 0-1."""
    return np.array([_change(a, b) for a, b in pairwise(pictures)])


def looks_down(picture: np.ndarray) -> float:
    """How like the lower fifth the upper fifth is, 0-1: 1 where all of it is one ground."""
    fifth = picture.shape[0] // 5
    upper, lower = (
        part.reshape(-1, 3).mean(axis=0) for part in (picture[:fifth], picture[-fifth:])
    )
    return 1.0 - float(np.abs(upper - lower).max()) / 255.0


def rim_change(pictures: Sequence[np.ndarray]) -> float:
    """How much the outer twentieth of the picture differs from the first one's, 0-1.

    Where nothing crosses the rim only a camera that moves changes it, if ever so plain.
    """
    rows, columns = (max(2, n // 20) for n in pictures[0].shape[:2])
    rim = np.ones(pictures[0].shape[:2], bool)
    rim[rows:-rows, columns:-columns] = False
    first = pictures[0][rim].astype(float)
    return float(np.mean([np.abs(p[rim] - first).mean() for p in pictures[1:]])) / 255.0


def lean(picture: np.ndarray) -> float:
    """Degrees by which straight lines lean from level and upright, 0 to 45; 0 without lines.

    Perspective leans lines to both sides, a camera on its side leans all to one.
    """
    edges = cv2.Canny(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 60, 150)
    length = 0.12 * min(picture.shape[:2])
    lines = cv2.HoughLinesP(edges, 1, np.pi / 360, 20, minLineLength=length, maxLineGap=3)
    if lines is None:
        return 0.0
    x0, y0, x1, y1 = lines.reshape(-1, 4).T.astype(float)
    angles = np.degrees(np.arctan2(y1 - y0, x1 - x0))
    off = (angles + 45.0) % 90.0 - 45.0
    weights = np.hypot(x1 - x0, y1 - y0)
    order = np.argsort(off)
    half = np.searchsorted(np.cumsum(weights[order]), 0.5 * weights.sum())
    return abs(float(off[order][half]))


def sharpness_of(picture: np.ndarray, name: str) -> float | None:
    """Steepest edge around the largest mass of a colour, 0-1 a pixel; None: nowhere."""
    mask = _largest_mass(picture, name)
    if mask is None:
        return None
    rim = cv2.dilate(mask, np.ones((5, 5))) - cv2.erode(mask, np.ones((5, 5)))
    luma = picture.astype(np.float32) / 255.0
    slope = max(
        float(np.percentile(np.hypot(cv2.Sobel(c, 5, 1, 0), cv2.Sobel(c, 5, 0, 1))[rim > 0], 90))
        for c in cv2.split(luma)
    )
    return slope / 8.0
