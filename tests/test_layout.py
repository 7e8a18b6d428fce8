"""The tree is the one of docs/architecture.md: what lives where, who may import whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = [
    "accounts",
    "notifications",
    "credits",
    "cameos",
    "feed",
    "remix",
    "moderation",
    "generation",
    "ops",
]
PURE = ["engine", "perception", "provenance", "transcode"]
FOLDERS = {
    *APPS,
    *PURE,
    "benchmarks",
    "bin",
    "client",
    "config",
    "core",
    "deploy",
    "docs",
    "tests",
}
ROOMS = {
    "admin",
    "apps",
    "consumers",
    "errors",
    "management",
    "migrations",
    "models",
    "permissions",
    "policy",
    "receivers",
    "selectors",
    "serializers",
    "services",
    "signals",
    "tasks",
    "templates",
    "urls",
    "views",
}
# Rooms of one app alone, each for a reason.
OWN_ROOMS = {
    # Where django-allauth meets our accounts; `codes` is pure.
    "accounts": {
        "adapter",
        "auth_urls",
        "auth_views",
        "authentication",
        "codes",
        "forms",
        "tokens",
    },
    # Sealing and the consent log; the table of an enrolment's states.
    "cameos": {"custody", "states"},
    # What an operator sets: what people may have, and what it costs; who takes money for it.
    "credits": {"plans", "prices", "providers"},
    # The shapes of cards, for the OpenAPI document and the apps above.
    "feed": {"schema"},
    # The engines' registry, the scheduler (pure), the table of states, the wake-up call, the
    # prompts of the examples.
    "generation": {"engines", "examples", "scheduling", "states", "wake"},
    # The live streams: who listens, how a stream is written, where it is mounted. The one door to
    # servers of other people.
    "notifications": {"hub", "routing", "sending", "streams"},
    # The figures as Prometheus and as plots have them, and numbers in words; all pure.
    "ops": {"charts", "metrics", "plots", "static", "templatetags", "words"},
}

NEEDED = {"apps", "errors", "models", "selectors", "services", "urls", "views"}
# An app without tables of its own: what it shows is read from those of the apps below.
WITHOUT_TABLES = {"ops"}


def entries(folder):
    return [each for each in folder.iterdir() if not each.name.startswith((".", "__"))]


def test_the_top_level_holds_the_agreed_folders_and_no_other():
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    tops = {line.split("/")[0] for line in tracked.stdout.splitlines() if "/" in line}
    assert {top for top in tops if not top.startswith(".")} == FOLDERS


@pytest.mark.parametrize("app", APPS)
def test_an_app_has_the_agreed_rooms_and_its_own(app):
    rooms = {each.stem for each in entries(ROOT / app)}
    assert rooms - ROOMS == OWN_ROOMS.get(app, set())
    assert NEEDED - rooms == ({"models"} if app in WITHOUT_TABLES else set())


@pytest.mark.parametrize("top", sorted(FOLDERS - {"client", "docs", "deploy"}))
def test_no_file_outgrows_a_sitting(top):
    long = {
        str(file.relative_to(ROOT)): lines
        for file in (ROOT / top).rglob("*.py")
        if (lines := file.read_text().count("\n")) > 500
    }
    assert long == {}


def test_imports_keep_their_direction():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


HEAVY = """
import sys
import config.asgi
from django.urls import get_resolver
get_resolver().url_patterns
heavy = {"av", "c2pa", "cv2", "dlib", "insightface", "mujoco"}
heavy |= {"numba", "onnx", "onnxruntime", "torch"}
print(sorted(heavy & set(sys.modules)))
"""


def test_the_web_process_starts_without_the_heavy_libraries():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HEAVY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_env_example_names_every_variable():
    from config import env  # noqa: PLC0415

    assert (ROOT / ".env.example").read_text() == env.example(), "run: manage.py env_example"
