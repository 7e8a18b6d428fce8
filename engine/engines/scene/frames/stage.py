"""Stage: all that a ray may meet in one frame, as one record that kernels share by pointer."""

from typing import NamedTuple

Triple = tuple[float, float, float]


class Stage(NamedTuple):
    """Solids, sky, water and plate of one frame; arrays by their addresses (see `memory.py`)."""

    solids: int  # float64 (count, COLUMNS)
    solid_count: int
    groups: int  # float64 (1 + bodies, GROUP_COLUMNS)
    images: int  # float32 (n, SIDE, SIDE, 4): the atlas
    # the sky: two tables between which this frame lies, and a small one for mirrors
    sky: int
    next_sky: int
    sky_share: float
    sky_side: int
    mirror: int
    mirror_side: int
    # a picture that stands for sky and ground, and the camera that took it; address 0: none
    plate: int
    plate_width: int
    plate_height: int
    plate_eye: Triple
    plate_right: Triple
    plate_up: Triple
    plate_forward: Triple
    plate_half_height: float
    # water
    is_there: int  # DRY, EVERYWHERE or SHORE
    bed: int
    depth: float  # m
    absorbs: Triple  # 1/m
    scatters: Triple  # colour of deep water in white light
    rough: float  # scale of the ripples' slopes
    foam: float  # 0-1: how readily crests break
    top: float  # m, of the highest wave of the table of heights
    heights: int  # float32 (CELLS, CELLS)
    leans: int  # float32 (CELLS, CELLS, 3): how it lies; address 0: flat
    ripples: int  # float32 (SIDE, SIDE, 3): a tile of slopes
    seconds: float
