"""The script that keeps the page fresh, in a real browser."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts.services import grant_role
from generation.engines.breaker import drain
from tests.client.chromium import chromium
from tests.racing import race


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_sections_are_swapped_but_not_the_one_that_is_filled_in(live_server, make_user):
    client = Client()
    client.force_login(grant_role(username=make_user("olga").username, role="operator"))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 360, "height": 740})
        context.add_cookies([{**cookie, "url": live_server.url}])
        page, wrong = context.new_page(), []
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.goto(f"{live_server.url}/ops/")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        reason = page.get_by_role("textbox", name="Why generation is to be stopped")
        reason.fill("The budget")
        race(lambda _: drain("wan"), times=1)  # playwright keeps a loop in this thread
        page.get_by_role("link", name="Refresh").click()
        expect(page.locator("#engines")).to_contain_text("drained")
        expect(reason).to_have_value("The budget")
        page.get_by_role("button", name="Throw generation").click()
        expect(page.get_by_role("status")).to_contain_text("generation is thrown: The budget")
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
        context.clear_cookies()
        page.get_by_role("link", name="Refresh").click()
        expect(page.locator("#live-state")).to_have_text(re.compile("Signed out"))
        assert wrong == []
