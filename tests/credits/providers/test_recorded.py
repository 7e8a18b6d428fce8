"""Signed texts as they once came, by keys that are gone: they read today as they did then.

The other tests sign and check with the same libraries, so both could drift together; these cannot.
"""

from __future__ import annotations

import base64
import json

import pytest

from credits.providers.google_push import PushKeys, PushSender
from credits.providers.play import PlayProvider
from credits.providers.storekit import StoreKitProvider
from credits.providers.stripe import StripeProvider
from tests.credits.providers.stores import NOW, recorded

SIGNED = recorded("signed")


def build_stripe(folder):
    return StripeProvider(webhook_secret=SIGNED["stripe"]["secret"])


def build_storekit(folder):
    return StoreKitProvider(
        bundle_id="app.vignette.ios",
        app_apple_id=6504512345,
        root_certificates=[base64.b64decode(SIGNED["storekit"]["root"])],
    )


def build_play(folder):
    file = folder / "keys.json"
    file.write_text(json.dumps(SIGNED["play"]["keys"]))
    return PlayProvider(
        package_name="app.vignette.android",
        licence_key=SIGNED["play"]["licence_key"],
        sender=PushSender(
            audience="https://vignette.example/play",
            email="push@vignette.example",
            keys=PushKeys(str(file)),
        ),
    )


@pytest.mark.parametrize(
    ("name", "build", "meant"),
    [
        ("stripe", build_stripe, ("purchased", "pi_3T6a1")),
        ("storekit", build_storekit, ("purchased", "2000000900000001")),
        ("play", build_play, ("refunded", "GPA.3333-1111-2222-44444")),
    ],
)
def test_a_recorded_notice_is_read(tmp_path, name, build, meant):
    call = SIGNED[name]
    found = build(tmp_path).read_webhook(
        headers=call.get("headers", {}), body=call["body"].encode(), now=NOW
    )
    assert [(each.kind, each.transaction_id) for each in found] == [meant]


@pytest.mark.parametrize(
    ("name", "build", "meant"),
    [
        ("storekit", build_storekit, ("subscribed", "2000000900000012")),
        ("play", build_play, ("purchased", "GPA.3333-1111-2222-44444")),
    ],
)
def test_a_recorded_receipt_is_read(tmp_path, name, build, meant):
    found = build(tmp_path).read_receipt(receipt=SIGNED[name]["receipt"], now=NOW)
    assert [(each.kind, each.transaction_id) for each in found] == [meant]
