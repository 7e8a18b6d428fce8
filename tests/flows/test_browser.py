"""The README's story through the page, in a real headless Chromium: two people, two phones."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.client.chromium import chromium
from tests.flows.people import PASSWORD
from tests.instances import RunningInstance, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

expect.set_options(timeout=30_000)  # the first policy check loads a model
PHONE = ViewportSize(width=390, height=844)
CLIP_MS = 240_000  # a busy two-core machine; a clip takes about ten seconds
PROMPT = "a red rubber ball bounces on a wooden floor next to a blue box"


@dataclass
class Visitor:
    """Somebody with a phone, and everything their browser complained about."""

    page: Page
    base_url: str
    username: str = field(default_factory=lambda: f"p{secrets.token_hex(5)}")
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def open(self, path: str) -> None:
        self.page.goto(f"{self.base_url}/#{path}")

    def join(self, code: str) -> None:
        """Sign up with the link that carries the code."""
        self.open(f"/join/{code}")
        expect(self.page.get_by_label("Invite code")).to_have_value(code)
        self.page.get_by_label("Username").fill(self.username)
        self.page.get_by_label("E-mail").fill(f"{self.username}@example.org")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_label("Date of birth").fill("1990-01-31")
        self.page.get_by_role("button", name="Create my account").click()
        expect(self.page.get_by_role("navigation", name="Main")).to_be_visible()

    def ask_for_clip(self, prompt: str, *, seconds: int = 2) -> None:
        self.page.get_by_role("link", name="Create").click()
        self.page.get_by_label("What happens in your clip?").fill(prompt)
        self.page.get_by_label("Length").fill(str(seconds))
        self.page.get_by_role("button", name="Make the clip").click()

    def _hear(self, message) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def visit(browser: Browser, instance: RunningInstance) -> Iterator[Callable[[], Visitor]]:
    contexts = []

    def new() -> Visitor:
        contexts.append(browser.new_context(viewport=PHONE, has_touch=True))
        return Visitor(contexts[-1].new_page(), instance.base_url)

    yield new
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def author(instance: RunningInstance, visit: Callable[[], Visitor]) -> Visitor:
    person = visit()
    person.join(instance.manage("invite").strip())
    return person


@pytest.fixture(scope="module")
def clip_id(author: Visitor) -> str:
    """A clip made and published through the page, with its progress watched."""
    page = author.page
    author.ask_for_clip(PROMPT)
    expect(page.locator(".steps [aria-current=step]")).to_be_visible()
    page.evaluate(
        """() => {
          window.seenPercents = new Set();
          new MutationObserver(() => {
            const percent = document.querySelector('.percent')?.textContent;
            if (percent) window.seenPercents.add(percent);
          }).observe(document.body, { subtree: true, childList: true, characterData: true });
        }"""
    )
    expect(page.locator(".preview")).to_be_visible(timeout=CLIP_MS)
    seen = page.evaluate("[...window.seenPercents]")
    assert len(seen) >= 3, f"progress was not live: {seen}"
    wait_until(lambda: page.locator(".preview").evaluate("v => v.readyState >= 2"), "the preview")
    expect(page.get_by_role("button", name=re.compile("how it was made"))).to_be_visible()
    page.get_by_label("Caption").fill("Bounce <b>twice</b>")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url(re.compile(r"#/clip/[0-9a-f-]{36}$"))
    return page.url.rsplit("/", 1)[1]


@pytest.fixture(scope="module")
def viewer(author: Visitor, clip_id: str, visit: Callable[[], Visitor]) -> Visitor:
    """A second person, who comes in by an invite that the author made on the page."""
    author.open("/me/invites")
    author.page.get_by_role("button", name="New invite").click()
    code = author.page.locator(".new-code code").inner_text()
    person = visit()
    person.join(code)
    return person


def test_a_second_person_sees_the_published_clip_playing(viewer, clip_id):
    slide = viewer.page.locator(f"[data-clip='{clip_id}']")
    expect(slide).to_be_visible()
    expect(slide.get_by_text("Bounce <b>twice</b>")).to_be_visible()
    expect(slide.get_by_role("button", name=re.compile("^AI"))).to_be_visible()
    wait_for_playing(viewer.page, clip_id)
    video = slide.locator("video")
    assert video.evaluate("v => [v.readyState >= 2, v.muted, v.error]") == [True, True, None]
    assert video.evaluate("v => [v.videoWidth, v.videoHeight]") == [360, 640]


def test_a_slow_line_gets_the_smaller_rendition_of_the_stream(viewer, clip_id):
    """Plays the HLS of a marked clip natively, where this Chromium can."""
    page = viewer.page.context.new_page()
    page.add_init_script(
        "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
    )
    page.goto(f"{viewer.base_url}/#/clip/{clip_id}")
    wait_for_playing(page, clip_id)
    video = page.locator(f"[data-clip='{clip_id}'] video")
    has_hls = video.evaluate("v => v.canPlayType('application/vnd.apple.mpegurl') !== ''")
    height = video.evaluate("v => v.videoHeight")
    page.close()
    assert height < 640 if has_hls else height == 640


def test_the_player_is_worked_by_keys_alone(viewer, clip_id):
    page = viewer.page
    viewer.open("/")
    wait_for_playing(page, clip_id)
    video = page.locator(f"[data-clip='{clip_id}'] video")
    page.keyboard.press("l")
    like = page.locator(f"[data-clip='{clip_id}']").get_by_role("button", name=re.compile("^Like"))
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(like).to_contain_text("1")
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Turn sound off")).to_be_visible()
    assert video.evaluate("v => v.muted") is False
    page.keyboard.press(" ")
    wait_until(lambda: video.evaluate("v => v.paused"), "the pause")
    page.keyboard.press(" ")
    wait_for_playing(page, clip_id)
    page.reload()
    expect(like).to_have_attribute("aria-pressed", "true")
    # Remembered; whether it is heard before the next key is the browser's to decide.
    assert page.evaluate("localStorage.getItem('vignette.sound')") == "on"
    wait_for_playing(page, clip_id)


def test_a_refused_prompt_is_marked_where_it_offends_and_costs_nothing(viewer):
    page = viewer.page
    viewer.open("/create")
    page.get_by_label("What happens in your clip?").fill(
        "🙂 a man beheads a prisoner, blood everywhere"
    )
    expect(page.locator(".prompt-marks mark").first).to_be_visible()
    expect(page.locator(".reason").first).not_to_be_empty()
    viewer.complaints.clear()
    page.get_by_role("button", name="Make the clip").click()
    expect(page.locator(".form-error")).not_to_be_empty()
    assert page.url.endswith("#/create")
    assert viewer.complaints == [
        "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
    ]
    viewer.complaints.clear()


def test_a_running_job_survives_a_reload_and_can_be_cancelled(viewer):
    page = viewer.page
    viewer.open("/create")
    page.reload()
    viewer.ask_for_clip("three glass marbles roll on a beach", seconds=10)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Create").click()
    page.get_by_role("link", name=re.compile("three glass marbles")).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()


def test_a_wrong_code_and_a_taken_name_are_said_at_their_fields(visit, author):
    stranger = visit()
    stranger.username = author.username
    page = stranger.page
    stranger.open("/join/ZZZZ-ZZZZ")
    page.get_by_role("button", name="Create my account").click()
    expect(page.locator("#field-username-error")).to_have_text("Please fill this in.")
    page.get_by_label("Username").fill(stranger.username)
    page.get_by_label("E-mail").fill("new@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Date of birth").fill("1990-01-31")
    page.get_by_role("button", name="Create my account").click()
    expect(page.locator("#field-invite_code-error")).not_to_be_empty()
    expect(page.get_by_label("Invite code")).to_be_focused()


def test_signing_out_and_in_again_leads_back(author):
    page = author.page
    author.open("/me")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Log out", exact=True).click()
    page.get_by_role("link", name="Log in").click()
    # How allauth says that a session is over.
    assert author.complaints == [
        "Failed to load resource: the server responded with a status of 401 (Unauthorized)"
    ]
    author.complaints.clear()
    page.get_by_label("Username or e-mail").fill(author.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    author.open("/me")
    expect(page.get_by_role("heading", name=f"@{author.username}")).to_be_visible()


def test_a_reported_clip_leaves_at_once(viewer, clip_id):
    page = viewer.page
    viewer.open(f"/clip/{clip_id}")
    slide = page.locator(f"[data-clip='{clip_id}']")
    slide.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Report").click()
    page.get_by_label("What is wrong with it?").select_option("other")
    page.get_by_role("button", name="Report").click()
    expect(slide).to_have_count(0)
    viewer.open("/")
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_the_contract_can_be_read_in_the_browser(viewer):
    viewer.page.goto(f"{viewer.base_url}/api/v1/docs")
    expect(viewer.page.get_by_role("heading", name="Vignette")).to_be_visible()
    expect(viewer.page.get_by_role("button", name="get /api/v1/feed", exact=True)).to_be_visible()


def test_neither_browser_complained_nor_asked_another_host(author, viewer):
    assert author.complaints == []
    assert viewer.complaints == []
    assert author.hosts == viewer.hosts == {urlsplit(author.base_url).netloc}


def wait_for_playing(page: Page, clip_id: str) -> None:
    """Wait until the clip's picture moves: enough of it is there, and its time goes on."""
    video = page.locator(f"[data-clip='{clip_id}'] video")
    video.wait_for()
    wait_until(lambda: video.evaluate("v => v.readyState >= 2 && !v.paused"), "the picture")
    first = video.evaluate("v => v.currentTime")
    wait_until(lambda: abs(video.evaluate("v => v.currentTime") - first) > 0.2, "a moving picture")
