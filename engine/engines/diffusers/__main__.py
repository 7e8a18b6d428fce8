"""`python -m engine.engines.diffusers FOLDER`: what a model folder is; loads nothing."""

import argparse
import math
import sys
from pathlib import Path

from engine.engines.diffusers.errors import ModelUnusable
from engine.engines.diffusers.folder import GIB, ModelFolder, read_folder
from engine.engines.diffusers.licences import Licence, licence_of

CARDS_GIB = (16, 24, 32, 40, 48, 80, 141)
MAX_CARD_GIB = 1e6
HOW = {"whole": "whole", "offload": "in turns with main memory", "no": "not at all"}


def main() -> None:
    """Print what the folder is, what it may be used for, and onto which cards it goes.

    Ends with 1 when it is no model that we run, or does not go onto the card that is named.
    """
    parser = argparse.ArgumentParser(prog="python -m engine.engines.diffusers", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--card", type=_gib, metavar="GIB", help="memory of your card")
    options = parser.parse_args()
    try:
        folder = read_folder(options.folder)
    except ModelUnusable as error:
        sys.exit(error.message)
    cards = (options.card,) if options.card else CARDS_GIB
    print(described(folder, cards), flush=True)  # noqa: T201
    if options.card and folder.fit(int(options.card * GIB)) == "no":
        sys.exit(f"{options.folder} does not go onto a card of {options.card:g} GiB.")


def described(folder: ModelFolder, cards_gib: tuple[float, ...]) -> str:
    """The folder in lines for people."""
    licence = licence_of(folder.family)
    size = f"{folder.parameters / 1e9:.3f} B parameters, {folder.card_bytes / GIB:.1f} GiB"
    components = [
        f"  {each.name:<16} {each.class_name:<36} {each.parameters / 1e9:8.3f} B"
        for each in folder.components
        if each.parameters
    ]
    return "\n".join(
        [
            f"{folder.pipeline} of the family {folder.family}: {size}",
            *components,
            *_allowed(licence),
            *(f"card of {n:g} GiB: {HOW[folder.fit(int(n * GIB))]}" for n in cards_gib),
        ]
    )


def _allowed(licence: Licence) -> list[str]:
    """What the licence says of use, one matter a line."""
    cap = f"{licence.revenue_cap_usd:,} USD a year" if licence.revenue_cap_usd else "none"
    excluded = ", ".join(licence.excluded)
    return [
        f"licence {licence.id}: {licence.title}, {licence.source}; its text decides",
        f"  use: {licence.commercial}",
        f"  revenue cap: {cap}",
        f"  territories: {f'not {excluded}' if excluded else 'all'}",
        *(f"  notice: {notice}" for notice in licence.notices),
    ]


def _gib(text: str) -> float:
    try:
        memory = float(text)
    except ValueError:
        memory = math.nan
    if not 0 < memory < MAX_CARD_GIB:  # NaN is not
        raise argparse.ArgumentTypeError("expected a number of GiB above 0")
    return memory


if __name__ == "__main__":
    main()
