"""What can go wrong with remixes."""

from __future__ import annotations

from core.errors import Forbidden


class RemixNotAllowed(Forbidden):
    """The clip is visible, and its author lets others remix it only as `reason` says."""

    code = "remix_not_allowed"
    title = "The author does not let you remix this clip."
