"""The client's files fit together, load nothing from elsewhere, and only call what the API has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.urls import resolve

from config.settings import BASE_DIR

CLIENT = BASE_DIR / "client"
SCRIPTS = sorted((CLIENT / "js").glob("*.js"))
STYLES = sorted((CLIENT / "css").glob("*.css"))
PAGE = (CLIENT / "index.html").read_text()
TRANSFER_BYTES_MAX = 250_000
LINES_MAX = 300
UUID = "01900000-0000-7000-8000-000000000000"
METHODS = {
    "get": ("get",),
    "getPublic": ("get",),
    "post": ("post",),
    "postPublic": ("post",),
    "put": ("put",),
    "patch": ("patch",),
    "remove": ("delete",),
    "put : remove)": ("put", "delete"),
}
CALL = re.compile(
    r"(?<![\w.])(getPublic|postPublic|get|post|patch|remove|put : remove\)|put)\(\s*([`\"])(/.*?)\2"
)


def calls() -> list[tuple[str, str, str]]:
    """Return (script, function, path) of every call of our API with a literal path."""
    found = []
    for script in SCRIPTS:
        for function, _, path in CALL.findall(script.read_text()):
            found.append((script.name, function, path))
    return found


def test_the_calls_are_found():
    paths = {path for _, _, path in calls()}
    assert {"/generations", "/engines", "/me", "/clips/${clip.id}/like", "/reports"} <= paths


@pytest.mark.parametrize(("script", "function", "path"), calls())
def test_every_call_has_a_view_with_that_method(script, function, path):
    plain = re.sub(r"\?.*$|\$\{cursor.*$", "", path)
    filled = re.sub(r"/\$\{(\w+)\}$", r"/{\1}", plain)  # /users/x/${how}: see below
    for how in ("mute", "block") if filled.endswith("{how}") else ("",):
        address = re.sub(r"\$\{[^}]*(?:user|author|person|\bme\b)[^}]*\}", "somebody", filled)
        address = re.sub(r"\$\{[^}]*\}+", UUID, address.replace("{how}", how))
        view = resolve(f"/api/v1{re.sub(r'{[a-z]+}$', UUID, address)}").func.view_class
        for method in METHODS[function]:
            assert hasattr(view, method), f"{script}: {view.__name__} has no {method}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_import_names_something_that_is_exported(script):
    for names, module in re.findall(
        r'import (?:\{([^}]*)\}|\* as \w+) from "(.*?)"', script.read_text()
    ):
        source = (script.parent / module).read_text()
        exported = set(re.findall(r"export (?:async )?(?:function|const|class) (\w+)", source))
        assert {name.strip() for name in names.split(",") if name.strip()} <= exported, module


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_from_text(script):
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
    )
    assert not re.findall(forbidden, script.read_text())


def test_the_page_has_nothing_inline_that_its_policy_would_refuse():
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", PAGE)


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES, CLIENT / "index.html"], ids=lambda p: p.name)
def test_nothing_is_loaded_from_elsewhere(path: Path):
    outside = re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]+[^\s\"'`)]*", path.read_text())
    assert [url for url in outside if "www.w3.org" not in url] == []


def test_every_file_that_is_named_exists():
    manifest = json.loads((CLIENT / "manifest.webmanifest").read_text())
    texts = [PAGE, *(script.read_text() for script in SCRIPTS)]
    named = {name for text in texts for name in re.findall(r"/static/client/([\w./-]+)", text)}
    named |= {icon["src"].removeprefix("/static/client/") for icon in manifest["icons"]}
    assert "js/main.js" in named
    assert [name for name in sorted(named) if not (CLIENT / name).is_file()] == []


def test_files_stay_readable_and_the_whole_stays_small():
    long = [
        path.name for path in SCRIPTS + STYLES if len(path.read_text().splitlines()) > LINES_MAX
    ]
    assert long == []
    total = sum(path.stat().st_size for path in CLIENT.rglob("*") if path.is_file())
    assert total < TRANSFER_BYTES_MAX


@pytest.mark.parametrize(
    ("text", "background"),
    [
        ("text", "ink"),
        ("text", "raised"),
        ("quiet", "ink"),
        ("quiet", "surface"),
        ("quiet", "raised"),
        ("accent", "surface"),
        ("accent", "note"),
        ("accent-ink", "accent"),
        ("danger", "surface"),
        ("good", "ink"),
    ],
)
def test_text_has_the_contrast_of_wcag_aa(text, background):
    tokens = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", (CLIENT / "css/base.css").read_text()))
    lighter, darker = sorted((luminance(tokens[text]), luminance(tokens[background])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2.2)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
