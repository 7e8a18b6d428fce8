"""Which providers an instance's settings switch on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings as django_settings

from credits.providers.errors import ProviderMisconfigured
from credits.providers.registry import (
    PROVIDERS,
    forget_providers,
    misconfigured,
    provider_named,
)
from tests.credits.providers.stores import NOW, Play, Stripe, app_store, recorded


@pytest.fixture(autouse=True)
def _read_anew():
    forget_providers()
    yield
    forget_providers()


@pytest.fixture
def all_on(settings, tmp_path):
    roots = tmp_path / "roots"
    roots.mkdir()
    (roots / "root.pem").write_bytes(app_store().root.public_bytes(Encoding.PEM))
    (tmp_path / "keys.json").write_text(json.dumps(Play().key_set()))
    settings.STRIPE_WEBHOOK_SECRET = Stripe().secret
    settings.STOREKIT_BUNDLE_ID = "app.vignette.ios"
    settings.STOREKIT_APP_APPLE_ID = 6504512345
    settings.STOREKIT_ROOT_CERTS = str(roots)
    settings.PLAY_PACKAGE_NAME = "app.vignette.android"
    settings.PLAY_LICENCE_KEY = Play().licence_key()
    settings.PLAY_PUSH_AUDIENCE = "https://vignette.example/play"
    settings.PLAY_PUSH_EMAIL = "push@vignette.example"
    settings.PLAY_JWKS = str(tmp_path / "keys.json")
    return settings


def test_all_are_off_unless_somebody_switches_them_on():
    assert [provider_named(name) for name in PROVIDERS] == [None, None, None]
    assert misconfigured() == []


def test_settings_switch_each_on_and_build_it_once(all_on):
    assert [provider_named(name).name for name in PROVIDERS] == ["stripe", "storekit", "play"]
    assert all(provider_named(name) is provider_named(name) for name in PROVIDERS)
    assert misconfigured() == []
    assert provider_named("paypal") is None


def test_what_the_settings_build_reads_what_the_stores_sign(all_on):
    headers, body = Stripe().notice(recorded("stripe/checkout_payment"))
    pushed, push = Play().notice(recorded("play/voided"))
    signed = app_store().signed(recorded("storekit/consumable"))
    bought = Play().receipt(recorded("play/purchase"))
    stripe, storekit, play = (provider_named(name) for name in PROVIDERS)
    found = [
        *stripe.read_webhook(headers=headers, body=body, now=NOW),
        *storekit.read_receipt(receipt=signed, now=NOW),
        *play.read_receipt(receipt=bought, now=NOW),
        *play.read_webhook(headers=pushed, body=push, now=NOW),
    ]
    assert [(each.provider, each.kind) for each in found] == [
        ("stripe", "purchased"),
        ("storekit", "purchased"),
        ("play", "purchased"),
        ("play", "refunded"),
    ]


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("STOREKIT_BUNDLE_ID", "storekit"),
        ("STOREKIT_APP_APPLE_ID", "storekit"),
        ("STOREKIT_ROOT_CERTS", "storekit"),
        ("PLAY_PACKAGE_NAME", "play"),
        ("PLAY_LICENCE_KEY", "play"),
        ("PLAY_PUSH_AUDIENCE", "play"),
        ("PLAY_PUSH_EMAIL", "play"),
        ("PLAY_JWKS", "play"),
    ],
)
def test_half_a_provider_says_what_it_lacks(all_on, name, provider):
    setattr(all_on, name, type(getattr(all_on, name))())
    assert misconfigured() == [f"{provider} also needs {name}."]
    with pytest.raises(ProviderMisconfigured, match=name):
        provider_named(provider)


def test_wrong_values_are_told_too_and_none_hides_another(all_on):
    all_on.STRIPE_WEBHOOK_SECRET = "short"
    all_on.STOREKIT_ENVIRONMENT = ["Xcode"]
    all_on.PLAY_JWKS = "http://keys.example"
    assert [each.split()[0] for each in misconfigured()] == [
        "STRIPE_WEBHOOK_SECRET",
        "STOREKIT_ENVIRONMENT:",
        "PLAY_JWKS",
    ]


def test_libraries_of_a_provider_that_is_off_are_not_imported():
    code = (
        "import django, sys; django.setup()\n"
        "from credits.providers.registry import provider_named\n"
        "provider_named('storekit'), provider_named('play'), provider_named('stripe')\n"
        "print([name for name in ('appstoreserverlibrary', 'OpenSSL') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=Path(django_settings.BASE_DIR),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]", done.stderr
