"""A parallel run, `bin/test -n 2`: files are handed to workers whole, those that take long first.

Each worker has servers, a state folder and an instance of its own (`tests/conftest.py`, which loads
this as a plugin). The tests of a file stay together and in order, for they share fixtures.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

# They run whole instances, kill parts of them and wait. They share one instance and so one worker,
# which also keeps two of them from running at once.
WHOLE_INSTANCES = ("tests/flows/", "tests/local/")


@pytest.hookimpl(trylast=True)  # after pytest-django has sorted
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that the workers of a parallel run end together."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda i: (not i.nodeid.startswith(WHOLE_INSTANCES), i.path not in slow))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Hand out the files in the order of collection."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - only in a parallel run

    class Files(LoadFileScheduling):  # type: ignore[misc] # it ships no types
        def _split_scope(self, nodeid: str) -> str:
            whole = nodeid.startswith(WHOLE_INSTANCES)
            return "whole instances" if whole else super()._split_scope(nodeid)

    config.option.loadscopereorder = False  # by the number of tests, not by the time they take
    return Files(config, log)
