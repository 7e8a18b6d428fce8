"""What is done with likenesses, for the apps above and for this one's own views and tasks."""

from cameos.services.likeness import open_portrait, open_portraits, open_templates, store_likeness
from cameos.services.log import record, verify_chain

__all__ = [
    "open_portrait",
    "open_portraits",
    "open_templates",
    "record",
    "store_likeness",
    "verify_chain",
]
