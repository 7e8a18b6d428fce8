"""`python -m engine.engines.diffusers FOLDER`: what a model folder is; loads nothing."""

import argparse
import sys
from pathlib import Path

from engine.engines.diffusers.errors import ModelUnusable
from engine.engines.diffusers.folder import GIB, ModelFolder, read_folder
from engine.engines.diffusers.licences import licence_of

CARDS_GIB = (16, 24, 32, 40, 48, 80, 141)
HOW = {"whole": "whole", "offload": "in turns with main memory", "no": "not at all"}


def main() -> None:
    """Print what the folder is, what it may be used for, and onto which cards it goes."""
    parser = argparse.ArgumentParser(prog="python -m engine.engines.diffusers", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--card", type=float, metavar="GIB", help="memory of your card")
    options = parser.parse_args()
    try:
        folder = read_folder(options.folder)
    except ModelUnusable as error:
        sys.exit(error.message)
    cards = (options.card,) if options.card else CARDS_GIB
    print(described(folder, cards))  # noqa: T201


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
            f"licence {licence.id}: {licence.title}; {licence.terms}; {licence.source}",
            *(f"  {notice}" for notice in licence.notices),
            *(f"card of {n:g} GiB: {HOW[folder.fit(int(n * GIB))]}" for n in cards_gib),
        ]
    )


if __name__ == "__main__":
    main()
