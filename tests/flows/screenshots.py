"""Take the README's pictures of the running client: `python -m tests.flows.screenshots [folder]`.

Starts an instance of its own, lets three people make clips over HTTP, and photographs the page.
"""

from __future__ import annotations

import re
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from tests.client.chromium import chromium
from tests.flows.people import PASSWORD, Person, sign_up
from tests.instances import RunningInstance, start_instance, wait_until

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=800)
BYTES_MAX = 300_000
CLIPS = (
    ("jonas", "a golden ball falls onto a wooden floor next to a green box", "First light"),
    ("tomoko", "three glass marbles roll on a beach next to a red box", "Marbles at low tide"),
    ("mira", "a tower of wooden boxes is hit by a heavy metal ball", "Timber!"),
)
REMIX = (
    "mira",
    "a big red rubber ball and a big blue ball bounce on a wooden floor at sunset",
    "First light, by evening",
)


def main(folder: Path = FOLDER) -> None:
    """Write feed, create, making, lineage, desktop and ops as small PNG files into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        instance = start_instance(Path(scratch) / "state")
        try:
            _photograph(instance, browser, folder)
        finally:
            instance.stop()


def _photograph(instance: RunningInstance, browser: Browser, folder: Path) -> None:
    people = {name: _person(instance, name) for name in ("mira", "jonas", "tomoko")}
    jobs = [_clip(people[name], prompt, caption=caption) for name, prompt, caption in CLIPS]
    name, prompt, caption = REMIX
    remix = _clip(
        people[name], prompt, caption=caption, remix_of={"clip": jobs[0]["clip"], "kind": "remix"}
    )
    for fan in ("jonas", "tomoko"):
        people[fan].put(f"/api/v1/clips/{remix['clip']}/like")
    people["tomoko"].put("/api/v1/users/mira/follow")

    phone = _signed_in(browser, instance, "tomoko", PHONE)
    phone.locator(".slide.is-paused").nth(1).wait_for()
    phone.wait_for_timeout(1200)  # a moment into the clip
    _keep(phone, folder / "feed.png")
    phone.goto(f"{instance.base_url}/#/clip/{remix['clip']}/lineage")
    phone.locator(".lineage img").nth(1).wait_for()
    images = "[...document.images].every((image) => image.complete)"
    wait_until(lambda: phone.evaluate(images), "the posters")
    _keep(phone, folder / "lineage.png")
    phone.goto(f"{instance.base_url}/#/create")
    phone.get_by_label("What happens in your clip?").fill(
        "A dragon watches two blue balls roll down a ramp"
    )
    phone.locator(".estimate").filter(has_text="Ready").wait_for()
    _keep(phone, folder / "create.png")
    phone.get_by_role("button", name="Make the clip").click()
    phone.locator(".percent").filter(has_text=re.compile(r"\d\d%")).wait_for(timeout=60_000)
    _keep(phone, folder / "making.png")

    desktop = _signed_in(browser, instance, "tomoko", DESKTOP)
    desktop.locator(".details-author").wait_for()
    desktop.wait_for_timeout(1200)
    _keep(desktop, folder / "desktop.png")
    _photograph_ops(instance, browser, folder)


def _photograph_ops(instance: RunningInstance, browser: Browser, folder: Path) -> None:
    """Photograph the operator's page, after a made-up day."""
    instance.manage("staff", "tomoko", "--role", "operator")
    instance.manage("shell", "-c", "from tests.ops.made_up import fill; fill('scene')")
    page = browser.new_context(viewport=DESKTOP, device_scale_factor=1.5).new_page()
    page.goto(f"{instance.base_url}/ops/")
    page.get_by_label("Username").fill("tomoko")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator("#plots svg").nth(2).wait_for()
    _keep(page, folder / "ops.png")


def _person(instance: RunningInstance, username: str) -> Person:
    code = instance.manage("invite").strip()
    return sign_up(instance.base_url, invite=code, username=username)


def _clip(person: Person, prompt: str, **fields: object) -> dict[str, str]:
    job = person.wait_for(person.generate(prompt, seconds=4, publish=True, **fields))
    assert job["state"] == "ready", job
    return job


def _signed_in(
    browser: Browser, instance: RunningInstance, username: str, size: ViewportSize
) -> Page:
    page = browser.new_context(viewport=size, device_scale_factor=1.5).new_page()
    page.goto(f"{instance.base_url}/#/login")
    page.get_by_label("Username or e-mail").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator(".slide").first.wait_for()
    return page


def _keep(page: Page, path: Path) -> None:
    """Write the page's picture, as large as BYTES_MAX allows; a palette would lose its colours."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.save(path, optimize=True)
    while path.stat().st_size > BYTES_MAX:
        smaller = (round(picture.width * 0.9), round(picture.height * 0.9))
        picture = picture.resize(smaller, Image.Resampling.LANCZOS)
        picture.save(path, optimize=True)
    print(f"{path.name}: {picture.size}, {path.stat().st_size // 1000} kB")  # noqa: T201


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
