"""The client's modules by themselves, run in a real browser under the instance's own policy."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page

from config.settings import BASE_DIR
from core.middleware import content_security_policy
from tests.client.chromium import chromium

pytestmark = pytest.mark.browser


class Files(SimpleHTTPRequestHandler):
    """The client's folder, as a web server that sends our policy gives it."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", content_security_policy(""))
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Files, directory=str(BASE_DIR / "client"))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with chromium() as browser:
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/img/icon.svg")
            page.goto(f"http://127.0.0.1:{server.server_port}/css/base.css")
            yield page
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(page: Page, module: str, body: str, argument: Any = None) -> Any:
    """Return what a function body returns; it sees the module as `m` and the argument as `x`."""
    return page.evaluate(
        f"async (x) => {{ const m = await import('/js/{module}.js'); {body} }}", argument
    )


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_events_are_whole_wherever_the_stream_is_cut(page, step):
    stream = (
        ": still here\n\n"
        'id: 7\nevent: generation.ready\ndata: {"id": "a"}\n\n'
        'event: generation.progress\r\ndata: {"id":\r\ndata: "ü"}\r\n\r\n'
        "event: never.finished\ndata: {}\n"
    )
    chunks = [stream[i : i + step] for i in range(0, len(stream), step)]
    seen = run(
        page, "events", "const p = m.eventParser(); return x.flatMap((c) => p.feed(c));", chunks
    )
    assert seen == [
        {"type": "generation.ready", "id": "7", "data": '{"id": "a"}'},
        {"type": "generation.progress", "data": '{"id":\n"ü"}'},
    ]


def test_spans_are_counted_in_code_points_as_the_server_counts(page):
    text = "a 🙂🏽 ball with gore"
    start = text.index("gore")
    parts = run(page, "text", "return m.splitSpan(x[0], x[1]);", [text, [start, start + 4]])
    assert parts == [text[:start], "gore", ""]
    assert run(page, "text", "return m.characters(x);", text) == len(text)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (1234, "1.2k"),
        (99_950, "100k"),
        (999_949, "1000k"),
        (3_400_000, "3.4M"),
    ],
)
def test_counts_are_short(page, count, shown):
    assert run(page, "text", "return m.shortCount(x);", count) == shown


def test_what_a_person_typed_never_becomes_markup(page):
    hostile = (
        '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
    )
    found = run(
        page,
        "dom",
        "const e = m.h('p', { title: x }, x); document.documentElement.append(e);"
        "return [e.children.length, e.textContent, e.title, document.title];",
        hostile,
    )
    assert found == [0, hostile, hostile, page.title()]


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("javascript:alert(1)", False),
        (" JaVaScRiPt:alert(1)", False),
        ("data:text/html,hello", False),
        ("/media/a/b.mp4", True),
        ("#/u/mira", True),
        ("https://cdn.example.org/a.mp4", True),
    ],
)
def test_only_addresses_that_load_are_followed(page, address, kept):
    assert run(page, "dom", "return m.safeUrl(x);", address) == (address if kept else "#")


def test_a_finished_job_is_never_turned_back_by_a_late_answer(page):
    states = run(
        page,
        "jobs",
        "m.keepJob({ id: '1', state: 'ready', progress: 100 });"
        "const late = m.keepJob({ id: '1', state: 'rendering', progress: 50 });"
        "return [late.state, m.activeJobs().length];",
    )
    assert states == ["ready", 0]


def test_tabs_that_refresh_at_once_ask_the_server_once(page):
    """A replayed refresh token would revoke the whole session."""
    page.route(
        "**/_allauth/app/v1/tokens/refresh",
        lambda route: route.fulfill(json={"data": {"access_token": "new", "refresh_token": "r2"}}),
    )
    asked: list[str] = []
    page.on(
        "request",
        lambda request: (
            asked.append(request.post_data or "")
            if "refresh" in request.url and "tokens" in request.url
            else None
        ),
    )
    tokens = run(
        page,
        "session",
        "m.keepTokens({ access_token: 'old', refresh_token: 'r1' });"
        "const t = await Promise.all([1, 2, 3].map(() => m.accessToken({ renew: true })));"
        "return [...t, localStorage.getItem('vignette.refresh')];",
    )
    assert tokens == ["new", "new", "new", "r2"]
    assert asked == ['{"refresh_token":"r1"}']


CUES = "WEBVTT\n\n00:00.000 --> 00:01.000\n<b>Hello.</b>\n\n00:01.000 --> 00:02.000\nGood day.\n"


def test_captions_stand_in_for_sound_until_the_person_chooses(page):
    asked: list[str] = []

    def answer(route):
        asked.append(route.request.url)
        route.fulfill(body=CUES, headers={"content-type": "text/vtt"})

    page.route("**/captions.vtt", answer)
    modes = run(
        page,
        "captions",
        "localStorage.clear();"
        "const { setSound } = await import('/js/sound.js');"
        "const video = document.createElement('video');"
        "const { track, line, show } = m.clipCaptions({ captions_url: '/media/captions.vtt' });"
        "video.append(track); document.documentElement.append(video, line);"
        "const modes = [track.track.mode];"
        "const look = (isLoaded) => { show(isLoaded); modes.push(track.track.mode); };"
        "const loaded = new Promise((done) => track.addEventListener('load', done));"
        "look(false); look(true); await loaded;"
        "modes.push([...track.track.cues].map((cue) => cue.text), line.hidden);"
        "let heard = 0; m.captionEvents.addEventListener('change', () => { heard += 1; });"
        "setSound(true, { remember: false }); look(true);"
        "m.setCaptions(true); look(true);"
        "setSound(false, { remember: false }); m.setCaptions(false); look(true);"
        "modes.push(heard, localStorage.getItem('vignette.captions')); return modes;",
    )
    assert modes == [
        "disabled",
        "disabled",
        "hidden",
        ["<b>Hello.</b>", "Good day."],
        True,
        "disabled",
        "hidden",
        "disabled",
        4,
        "off",
    ]
    assert len(asked) == 1


def test_a_clip_without_speech_has_no_track(page):
    found = run(
        page, "captions", "const c = m.clipCaptions({}); c.show(true); return [c.track, c.line];"
    )
    assert found == [None, None]


def guardians(page, *, mine, wards=()):
    """Open the sheet with these answers of the server; return its page and what it asks for."""
    asked: list[tuple[str, str, object]] = []

    def answer(route):
        request = route.request
        path = request.url.split("/api/v1")[1].partition("?")[0]
        if request.method != "GET":
            asked.append((request.method, path, request.post_data_json))
        lists = {"/me/guardians": mine, "/me/wards": {"items": list(wards)}}
        route.fulfill(json=lists.get(path, {}))

    page.unroute_all()
    page.route("**/api/v1/me/**", answer)
    run(
        page,
        "session",
        "m.keepTokens({ access_token: 'a', refresh_token: 'r' });"
        "document.querySelectorAll('dialog').forEach((each) => each.remove());"
        "document.body.append(Object.assign(document.createElement('div'), { id: 'toasts' }));"
        "(await import('/js/guardians.js')).openGuardians();",
    )
    page.wait_for_selector("dialog .quiet-text")
    return asked


LINK = {"username": "mum", "display_name": "", "state": "asked", "may_enrol_cameo": False}


def test_a_young_person_asks_and_takes_it_back(page):
    asked = guardians(page, mine={"likeness_standing": "guardian_needed", "items": [LINK]})
    assert "@mumHas not answered yet" in page.text_content("dialog ul")
    page.fill("dialog input", " @dad ")
    with page.expect_response("**/me/guardians"):
        page.click("dialog button[type=submit]")
    page.click("dialog ul button")
    with page.expect_response("**/me/guardians/mum"):
        page.click("dialog:last-of-type .danger")
    assert asked == [
        ("POST", "/me/guardians", {"username": "dad"}),
        ("DELETE", "/me/guardians/mum", None),
    ]


def test_an_adult_answers_and_allows(page):
    kid, tot = ({**LINK, "username": "kid"}, {**LINK, "username": "tot", "state": "active"})
    asked = guardians(page, mine={"likeness_standing": "adult", "items": []}, wards=[kid, tot])
    assert page.locator("dialog form").count() == 0
    with page.expect_response("**/me/wards/kid"):
        page.click("dialog .primary")
    with page.expect_response("**/me/wards/tot"):
        page.check("dialog [role=switch]")
    assert asked == [
        ("POST", "/me/wards/kid", {"accept": True}),
        ("PATCH", "/me/wards/tot", {"may_enrol_cameo": True}),
    ]


def test_a_question_to_a_guardian_is_told_at_once_and_leads_to_its_answer(page):
    kid, tot = ({**LINK, "username": "kid"}, {**LINK, "username": "tot", "state": "active"})
    guardians(page, mine={"likeness_standing": "adult", "items": []}, wards=[kid, tot])
    page.evaluate("document.querySelector('dialog').remove()")
    notes = run(
        page,
        "guardians",
        "m.announceWard({ username: 'kid' });"
        f"return m.wardNotes({json.dumps([kid, tot])}).map((note) => note.textContent);",
    )
    assert notes == ["@kid asks you to be their guardian"]
    assert "@kid asks you" in page.text_content("#toasts")
    page.click("#toasts button")
    assert page.text_content("dialog .primary") == "Accept"
