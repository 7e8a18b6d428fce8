"""System checks that no file of `deploy/` shows."""

from __future__ import annotations

import pytest

from config.checks import no_webhooks_to_private_addresses


@pytest.mark.parametrize(("is_on", "found"), [(False, []), (True, ["vignette.E030"])])
def test_webhooks_into_the_own_network_are_for_development(settings, is_on, found):
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = is_on
    assert [error.id for error in no_webhooks_to_private_addresses()] == found
