"""Stripe, the App Store and Google Play with keys of our own: they sign as the real ones do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from credits.providers.google_push import PushKeys, PushSender
from credits.providers.play import PlayProvider
from credits.providers.storekit import StoreKitProvider
from credits.providers.stripe import StripeProvider

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
USER = "0198f0c2-7c1e-7b52-9a51-0f4c1d2e3a4b"  # the buyer of every recorded payload
RECORDED = Path(__file__).parent / "recorded"
LEAF_OID = "1.2.840.113635.100.6.11.1"
INTERMEDIATE_OID = "1.2.840.113635.100.6.2.1"


def recorded(name):
    """Return a payload as the provider writes it before it signs it."""
    return json.loads((RECORDED / f"{name}.json").read_text())


def text_of(payload):
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


@cache
def rsa_key(name):
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_der(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Stripe:
    secret: str = "whsec_of_the_tests_0123456789"

    def provider(self):
        return StripeProvider(webhook_secret=self.secret)

    def signature(self, body, *, at=NOW):
        text = str(int(at.timestamp())).encode() + b"." + body
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()

    def header(self, body, *, at=NOW):
        return f"t={int(at.timestamp())},v1={self.signature(body, at=at)},v0=of_old"

    def notice(self, payload, *, at=NOW):
        """Return a webhook call's headers and body."""
        body = text_of(payload)
        return {"stripe-signature": self.header(body, at=at)}, body


@dataclass
class AppStore:
    """A root, an intermediate and a leaf with the marks that Apple's have."""

    leaf_oid: str = LEAF_OID
    intermediate_oid: str = INTERMEDIATE_OID
    leaf_days: int = 400
    root: x509.Certificate = field(init=False)
    chain: list[x509.Certificate] = field(init=False)
    key: ec.EllipticCurvePrivateKey = field(init=False)

    def __post_init__(self):
        keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
        self.key = keys[2]
        self.root = _certificate("Root", keys[0], issuer=("Root", keys[0]))
        middle = _certificate(
            "Middle", keys[1], issuer=("Root", keys[0]), oid=self.intermediate_oid
        )
        leaf = _certificate(
            "Leaf",
            keys[2],
            issuer=("Middle", keys[1]),
            oid=self.leaf_oid,
            days=self.leaf_days,
            is_authority=False,
        )
        self.chain = [leaf, middle, self.root]

    def provider(self, *, environments=("Production",), roots=None):
        return StoreKitProvider(
            bundle_id="app.vignette.ios",
            app_apple_id=6504512345,
            root_certificates=roots or [self.root.public_bytes(Encoding.DER)],
            environments=environments,
        )

    def x5c(self):
        return [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in self.chain]

    def signed(self, payload, **header):
        return jwt.encode(
            payload, self.key, algorithm="ES256", headers={"x5c": self.x5c()} | header
        )

    def notice(self, payload, *, transaction=None):
        """Return a webhook call's headers and body; the transaction is signed on its own."""
        if transaction is not None:
            data = payload["data"] | {"signedTransactionInfo": self.signed(transaction)}
            payload = payload | {"data": data}
        return {}, text_of({"signedPayload": self.signed(payload)})


def _certificate(name, key, *, issuer, oid=None, days=3650, is_authority=True):
    issuer_name, issuer_key = issuer
    public = key.public_key()
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    usage = dict.fromkeys(
        [
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer_name))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=365))
        .not_valid_after(NOW - timedelta(days=365) + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(authority, critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_authority,
                key_cert_sign=is_authority,
                crl_sign=is_authority,
                **usage,
            ),
            critical=True,
        )
    )
    if oid is not None:
        mark = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x05\x00")
        builder = builder.add_extension(mark, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Tests' {text}")])


@cache
def app_store(**kind):
    return AppStore(**kind)


@dataclass
class Play:
    """The app's licence key, and the service account whose pushes come."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa_key("licence"))
    push_key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa_key("google"))

    def licence_key(self):
        return base64.b64encode(public_der(self.key)).decode()

    def key_set(self):
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.push_key.public_key(), as_dict=True)
        return {"keys": [key | {"kid": "k1", "alg": "RS256", "use": "sig"}]}

    def provider(self, folder, *, keys=None):
        file = folder / "keys.json"
        file.write_text(json.dumps(self.key_set()))
        return PlayProvider(
            package_name="app.vignette.android",
            licence_key=self.licence_key(),
            sender=PushSender(
                audience="https://vignette.example/play",
                email="push@vignette.example",
                keys=keys or PushKeys(str(file)),
            ),
        )

    def receipt(self, purchase):
        data = purchase if isinstance(purchase, str) else json.dumps(purchase)
        signature = self.key.sign(data.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        return json.dumps({"data": data, "signature": base64.b64encode(signature).decode()})

    def token(self, *, key=None, kid="k1", **claims):
        """Return a bearer token; no library has a say in what it may hold."""
        said = {
            "iss": "https://accounts.google.com",
            "aud": "https://vignette.example/play",
            "sub": "1090",
            "email": "push@vignette.example",
            "email_verified": True,
            "iat": int(NOW.timestamp()) - 10,
            "exp": int(NOW.timestamp()) + 3590,
        }
        said = {name: value for name, value in (said | claims).items() if value is not None}
        parts = [_base64url(text_of(part)) for part in ({"alg": "RS256", "kid": kid}, said)]
        text = ".".join(parts)
        signature = (key or self.push_key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_base64url(signature)}"

    def notice(self, payload, *, token=None):
        """Return a webhook call's headers and body: a push of Pub/Sub."""
        data = base64.b64encode(text_of(payload)).decode()
        body = {
            "message": {"data": data, "messageId": "1", "publishTime": "2026-03-01T11:59:58Z"},
            "subscription": "projects/vignette/subscriptions/play",
        }
        return {"authorization": f"Bearer {token or self.token()}"}, text_of(body)


def _base64url(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
