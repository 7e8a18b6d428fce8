"""Waters: how clear the water of a place is, of what colour, how rough, over what bed."""

from typing import NamedTuple

from engine.engines.scene.frames.surface import DRY, EVERYWHERE, SAND_BED, SHORE, TILE_BED
from engine.engines.scene.language.vocabulary import Place

Triple = tuple[float, float, float]
GREEN: tuple[Triple, Triple] = ((0.75, 0.33, 0.45), (0.018, 0.055, 0.045))  # absorbs, scatters


class Water(NamedTuple):
    """The water of a place; lengths in m."""

    is_there: int  # DRY, EVERYWHERE or SHORE
    bed: int = SAND_BED
    depth: float = 0.0
    absorbs: Triple = (0.0, 0.0, 0.0)  # 1/m
    scatters: Triple = (0.0, 0.0, 0.0)  # colour of deep water in white light
    rough: float = 0.0  # rms slope of its ripples
    foam: float = 0.0  # 0-1: how readily crests break


def water_of(place: Place) -> Water:
    """Clear in a pool, blue at sea, green in lakes and rivers; a shore has its water behind it."""
    if not place.water:
        if not place.shore:
            return Water(DRY)
        if place.backdrop != "sea":
            return Water(
                SHORE,
                depth=3.0,
                absorbs=GREEN[0],
                scatters=GREEN[1],
                rough=0.05,
            )
        return Water(
            SHORE,
            depth=3.0,
            absorbs=(0.55, 0.10, 0.07),
            scatters=(0.01, 0.09, 0.12),
            rough=0.13,
            foam=0.25,
        )
    rough = min(0.035 + 0.3 * place.waves, 0.15)
    if place.ground == "checker":
        return Water(
            EVERYWHERE,
            bed=TILE_BED,
            depth=place.depth,
            absorbs=(0.28, 0.05, 0.03),
            scatters=(0.02, 0.25, 0.36),
            rough=max(rough, 0.05),
        )
    if place.backdrop == "sea":
        return Water(
            EVERYWHERE,
            depth=place.depth,
            absorbs=(0.62, 0.16, 0.11),
            scatters=(0.006, 0.055, 0.095),
            rough=max(rough, 0.1),
            foam=min(0.1 + 1.2 * place.waves, 0.7),
        )
    return Water(
        EVERYWHERE,
        depth=place.depth,
        absorbs=GREEN[0],
        scatters=GREEN[1],
        rough=rough,
    )
