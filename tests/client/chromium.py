"""A real headless Chromium for tests; they skip with a reason where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=document-user-activation-required",  # the default of phones
)


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Run a Chromium of this machine (or CHROMIUM_BINARY's) until the end of the block."""
    path = os.environ.get("CHROMIUM_BINARY") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no Chromium here: none of {', '.join(NAMES)} is in PATH, nor CHROMIUM_BINARY")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *arguments])
        try:
            yield browser
        finally:
            browser.close()
