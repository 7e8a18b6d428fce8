"""Enrolling with the camera in the reference client, in a real headless Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from perception.liveness import Challenge
from tests.client.chromium import chromium
from tests.flows.camera import Camera
from tests.flows.people import Person, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = ViewportSize(width=390, height=844)
VERIFIED_MS = 120_000
TRIES = 3  # a browser on busy cores drops frames; a person would press "Try again" as well


@pytest.fixture(scope="module")
def person(instance) -> Iterator[Person]:
    person = sign_up(instance.base_url, invite=instance.new_invite())
    yield person
    # Another test's person enrols the same face on this instance, also when this test failed.
    person.http.post(f"/api/v1/cameos/{person.username}/revoke")
    person.http.close()


def begin(person: Person) -> tuple[dict, Challenge]:
    """Begin an enrolment over HTTP: the camera's files have to be there before it is opened."""
    text = person.get("/api/v1/cameos/consent")
    body = {"consent_version": text["version"], "purposes": ["likeness"]}
    begun = person.post("/api/v1/cameos/enrolments", body)
    asked = begun["challenge"]
    return begun, Challenge(tuple(asked["digits"]), tuple(asked["turns"]))


def enrol(page: Page, begun: dict) -> bool:
    """Agree, open the camera, follow the cues; the page is given the enrolment that has begun."""

    def answer(route) -> None:
        if route.request.method == "POST":
            sent = json.loads(route.request.post_data)
            assert sent["purposes"] == ["likeness"]
            route.fulfill(status=201, json=begun)
        else:
            route.continue_()

    page.route("**/api/v1/cameos/enrolments", answer)
    page.goto(page.url.partition("#")[0] + "#/me/likeness")
    page.get_by_role("link", name="Make my cameo").click()
    button = page.get_by_role("button", name="Open the camera")
    expect(button).to_be_disabled()  # nothing is agreed to yet
    page.locator("#purpose-likeness").check()
    button.click()
    page.get_by_role("button", name="Start").click()
    passed = page.get_by_text("is yours")
    expect(passed.or_(page.get_by_text("This did not pass"))).to_be_visible(timeout=VERIFIED_MS)
    page.unroute("**/api/v1/cameos/enrolments")
    return passed.is_visible()


def test_a_face_is_enrolled_with_the_camera_and_ends(instance, person, tmp_path):
    camera = Camera(tmp_path)
    with chromium(*camera.arguments) as browser:
        page = browser.new_context(viewport=PHONE).new_page()
        page.set_default_timeout(30_000)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{instance.base_url}/")
        page.evaluate("t => localStorage.setItem('vignette.refresh', t)", person.refresh_token)
        page.reload()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        for _ in range(TRIES):
            begun, challenge = begin(person)
            camera.show_genuine(challenge)
            if enrol(page, begun):
                break
        page.get_by_role("link", name="Set the terms").click()
        page.get_by_text("People I follow back").click()
        expect(page.get_by_text("Saved. It holds from now on.")).to_be_visible()
        page.get_by_role("button", name="No violence").click()
        expect(page.get_by_role("button", name="No violence")).to_have_attribute(
            "aria-pressed", "true"
        )
        with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            page.get_by_role("switch", name="Ask me each time").check()
        expect(page.locator(".person .portrait")).to_have_js_property("complete", True)
        terms = person.get(f"/api/v1/cameos/{person.username}")
        assert (terms["audience"], terms["restriction_tags"], terms["ask_me"], terms["state"]) == (
            "mutuals",
            ["no_violence"],
            True,
            "active",
        )
        page.get_by_role("link", name="End it").click()
        page.get_by_role("button", name="See what would end").click()
        expect(page.get_by_text("published clips disappear")).to_be_visible()
        page.get_by_role("button", name="End it now").click()
        page.get_by_role("button", name="End it", exact=True).click()
        expect(page.get_by_text("It has ended.")).to_be_visible()
        assert complaints == []
    gone = person.http.get(f"/api/v1/cameos/{person.username}")
    assert gone.status_code == HTTPStatus.NOT_FOUND
