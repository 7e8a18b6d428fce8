"""Every environment variable Vignette reads: name, type, default and meaning, each once.

`config.settings` reads through `read()`, `.env.example` is `manage.py env_example`'s output, and a
test holds the two together. A variable with a `weak` text has a default that is real but not fit
for production; `manage.py check --deploy` fails while it is in use.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environs import Env


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: how it is read and what an operator should know about it."""

    name: str
    kind: str  # the name of an environs parser: str, bool, int, float, list, json, url …
    default: Any
    text: str
    section: str
    weak: str | None = None


def _variables() -> tuple[Variable, ...]:  # noqa: PLR0915 - a table
    found: list[Variable] = []

    def section(title: str) -> Callable[..., None]:
        def add(name: str, kind: str, default: Any, text: str, weak: str | None = None) -> None:
            found.append(Variable(name, kind, default, text, title, weak))

        return add

    add = section("The instance")
    add("VIGNETTE_STATE", "str", "var", "Folder that holds all an embedded instance keeps.")
    add("INSTANCE_NAME", "str", "Vignette", "Shown to people and written into credentials.")
    add("PUBLIC_URL", "str", "", "Base URL that clients use; empty: the address of the request.")
    add("PRODUCTION", "bool", False, "1 turns every weak default into a failing system check.")
    add("DEBUG", "bool", False, "Django's debug pages. Never on a public address.")
    add(
        "SECRET_KEY",
        "str",
        "",
        "Signs tokens, cursors and media URLs. Empty: made once and kept under the state folder.",
        weak="the secret key is the generated one of the state folder",
    )
    add(
        "ALLOWED_HOSTS",
        "list",
        ["*"],
        "Host names that are answered.",
        weak="any host name is answered",
    )
    add("TRUSTED_PROXIES", "int", 0, "Reverse proxies in front (for the client's address).")
    add("LOG_LEVEL", "str", "INFO", "DEBUG, INFO, WARNING or ERROR.")
    add(
        "METRICS_TOKEN",
        "str",
        "",
        "Bearer token of /metrics, long and random. Empty: only operators who are signed in.",
    )

    add = section("Data (given: nothing embedded is started)")
    add(
        "DATABASE_URL",
        "str",
        "",
        "postgresql://user:password@host:5432/name. Empty: the embedded PostgreSQL.",
        weak="the database is the embedded one: one machine, no replica, no backup",
    )
    add(
        "REDIS_URL",
        "str",
        "",
        "redis://host:6379/0 (Valkey or Redis). Empty: the embedded Valkey.",
        weak="the broker is the embedded one",
    )
    add(
        "MEDIA_ROOT",
        "str",
        "",
        "Folder of the clips when no S3 bucket is named. Empty: media/ under the state folder.",
    )
    add("MEDIA_ACCEL_PREFIX", "str", "", "nginx internal location that serves MEDIA_ROOT.")
    add("MEDIA_URL_SECONDS", "int", 3600, "How long a signed media URL answers, in seconds.")
    add("S3_BUCKET", "str", "", "Bucket for the clips; empty: local folder.")
    add("S3_ENDPOINT_URL", "str", "", "S3 endpoint; empty: AWS.")
    add("S3_REGION", "str", "", "S3 region.")
    add("S3_ACCESS_KEY", "str", "", "S3 access key id.")
    add("S3_SECRET_KEY", "str", "", "S3 secret access key.")

    add = section("Generation")
    add(
        "ENGINES",
        "json",
        {},
        'Engines by name: {"scene": {"url": "http://gpu:9000", "key": "…", "slots": 1}}; slots: '
        "clips it renders at a time; more in docs/engines.md. Empty: the embedded one.",
        weak="clips come from the embedded procedural engine",
    )
    add("ENGINE_DEFAULT", "str", "scene", "Engine of a request that names none.")
    add("GENERATION_SECONDS_MAX", "int", 25, "Longest clip that may be asked for, in seconds.")
    add("UPLOAD_DAYS", "int", 7, "How long an uploaded picture is kept unused, in days.")

    add = section("Credits")
    add("PLANS_FILE", "str", "", "TOML file of plans and packs. Empty: credits/plans.toml.")
    add("PRICES_FILE", "str", "", "TOML file of prices and costs. Empty: credits/prices.toml.")
    add(
        "BUDGET_DAILY",
        "float",
        0.0,
        "What clips may cost in a UTC day, in the currency of the prices; 0: no limit.",
    )
    add("BUDGET_MONTHLY", "float", 0.0, "The same for a calendar month (UTC); 0: no limit.")
    add("REFERRAL_CREDITS", "int", 100, "What an invited user's first clip gives the inviter.")
    add("REFERRALS_REWARDED_MAX", "int", 20, "Such rewards of one inviter in 30 days.")

    add = section("Provenance")
    add(
        "C2PA_CERT_CHAIN",
        "str",
        "",
        "PEM file, leaf first. Empty: a development chain under the state folder.",
        weak="clips are signed by a self-made development certificate",
    )
    add("C2PA_PRIVATE_KEY", "str", "", "PEM file of the leaf's private key (ES256).")
    add("C2PA_TRUST_ANCHORS", "str", "", "PEM file of the roots that verification trusts.")
    add(
        "WATERMARK_KEY",
        "str",
        "",
        "32 bytes in hex: the secret of the invisible mark. Empty: made once, kept in the "
        "state folder.",
    )

    add = section("Faces (docs/faces.md)")
    add(
        "FACE_PACK",
        "str",
        "",
        "Folder of the models that find and compare faces. Empty: the one made at installation.",
    )
    add(
        "FACE_PACK_ALLOW_UNCLEAR",
        "bool",
        False,
        "1: use a pack in production though its licence for commercial use is unclear.",
    )

    add = section("Likenesses (docs/likeness.md)")
    add(
        "LIKENESS_KEKS",
        "str",
        "",
        "Key-encryption keys of faces, id:base64 of 32 bytes each, the newest first. Empty: one is "
        "made under the state folder.",
        weak="the key of all faces lies in the state folder, beside what it protects",
    )
    add("COSIGN_HOURS", "int", 48, "How long an owner has to answer whether a clip may be made.")
    add(
        "RECEIPT_KEY",
        "str",
        "",
        "Ed25519 private keys that sign consent receipts: a PEM file or its text. The first signs, "
        "all are published. Empty: one is made under the state folder.",
        weak="consent receipts are signed with a key that was made under the state folder",
    )

    add = section("Purchases (off by default: docs/purchases.md)")
    add("STRIPE_WEBHOOK_SECRET", "str", "", "Signing secret of the webhook endpoint (whsec_…).")
    add("STOREKIT_BUNDLE_ID", "str", "", "The app's bundle id.")
    add("STOREKIT_APP_APPLE_ID", "int", 0, "The app's number in App Store Connect.")
    add("STOREKIT_ROOT_CERTS", "str", "", "Apple's root certificates: a PEM or DER file, a folder.")
    add(
        "STOREKIT_ENVIRONMENT",
        "list",
        ["Production"],
        "Whose purchases count: Production, Sandbox or both; in the sandbox nobody pays.",
    )
    add("PLAY_PACKAGE_NAME", "str", "", "The app's package name.")
    add("PLAY_LICENCE_KEY", "str", "", "The app's licence key of the Play Console (base64).")
    add("PLAY_PUSH_AUDIENCE", "str", "", "Audience of the Pub/Sub push subscription.")
    add("PLAY_PUSH_EMAIL", "str", "", "Service account that the push subscription signs as.")
    add(
        "PLAY_JWKS",
        "str",
        "",
        "Google's public keys: a file, or https://www.googleapis.com/oauth2/v3/certs, which is "
        "asked once an hour at most.",
    )

    add = section("Accounts and mail")
    add(
        "EMAIL_URL",
        "str",
        "",
        "submission://user:password@host:587. Empty: mails are files under the state folder.",
        weak="mails are written to files, nobody receives them",
    )
    add("EMAIL_FROM", "str", "vignette@localhost", "Sender of mails.")
    add(
        "EMAIL_VERIFICATION",
        "bool",
        False,
        "1: an address must be verified before the first sign-in.",
        weak="e-mail addresses are not verified",
    )
    add("MINIMUM_AGE_YEARS", "int", 13, "Youngest age that may sign up.")
    add("INVITES_PER_USER", "int", 5, "People a user's open invite codes may still let in.")
    add("RATE_LIMITS", "bool", True, "0 turns rate limits off (load tests on loopback only).")

    add = section("Webhooks")
    add(
        "WEBHOOKS_TO_PRIVATE_ADDRESSES",
        "bool",
        False,
        "1: users' webhooks may lead inside your network. For development on one machine only.",
    )
    return tuple(found)


VARIABLES = _variables()
_BY_NAME = {variable.name: variable for variable in VARIABLES}
_env = Env()


def load_dotenv(folder: Path) -> None:
    """Read `folder/.env` where there is one; variables already set win."""
    if (folder / ".env").is_file():
        _env.read_env(str(folder / ".env"), recurse=False)


def read(name: str) -> Any:
    """Return the typed value of a declared variable.

    Raises:
        KeyError: the variable is not declared here.
        environs.EnvError: its value is not of its kind.
    """
    variable = _BY_NAME[name]
    if os.environ.get(name, "") == "" and variable.kind != "str":
        return variable.default
    return getattr(_env, variable.kind)(name, variable.default)


def is_set(name: str) -> bool:
    """Tell whether the operator gave the variable a value of their own.

    Raises:
        KeyError: the variable is not declared here.
    """
    if name not in _BY_NAME:
        raise KeyError(name)
    return os.environ.get(name, "") != ""


def example() -> str:
    """Return the text of `.env.example`: every variable, commented out, with its meaning."""
    lines = ["# Made by `manage.py env_example`; a test keeps it true. Copy to .env and uncomment."]
    section = ""
    for variable in VARIABLES:
        if variable.section != section:
            section = variable.section
            lines += ["", f"# --- {section}"]
        weak = f" WEAK: {variable.weak}." if variable.weak else ""
        lines += [f"# {variable.text}{weak}", f"# {variable.name}={_as_text(variable.default)}"]
    return "\n".join(lines) + "\n"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):
        return ",".join(value)
    return "" if value == {} else str(value)
