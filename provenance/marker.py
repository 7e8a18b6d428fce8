"""What a deployment marks and verifies with: a signer, its trust anchors and a watermark key."""

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from provenance.errors import KeysUnusable
from provenance.keys import WATERMARK_KEY_BYTES, ensure_development_keys

_EC_ALGORITHMS = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, slots=True)
class Marker:
    """Signs and reads manifests; holds the key of the invisible mark. Safe to share by threads.

    Make one with `from_folder` or `from_pem`.
    """

    cert_chain: str = field(repr=False)
    private_key: str = field(repr=False)
    watermark_key: bytes = field(repr=False)
    trust_anchors: str = field(repr=False)
    algorithm: str
    is_development: bool
    _contexts: threading.local = field(
        default_factory=threading.local, init=False, repr=False, compare=False
    )

    @classmethod
    def from_folder(cls, folder: Path) -> "Marker":
        """Use the development keys in a folder, making them there on first use.

        Real signatures and a real root, which only this instance knows: a weak default that says
        so by `is_development`.

        Raises:
            KeysUnusable: the folder's files are damaged.
        """
        try:
            chain, key, watermark_key, anchors = ensure_development_keys(folder)
        except (OSError, UnicodeDecodeError) as error:
            raise KeysUnusable(f"development keys in {folder} cannot be used: {error}") from error
        return cls._checked(chain, key, watermark_key, anchors, is_development=True)

    @classmethod
    def from_pem(
        cls, *, cert_chain: str, private_key: str, watermark_key: bytes, trust_anchors: str
    ) -> "Marker":
        """Use an operator's keys: chain with the leaf first, PKCS #8 key, roots that are trusted.

        Raises:
            KeysUnusable: unreadable PEM, a key that is not the leaf's, or a watermark key of
                other than 32 bytes.
        """
        return cls._checked(
            cert_chain, private_key, watermark_key, trust_anchors, is_development=False
        )

    @classmethod
    def _checked(
        cls, chain: str, key: str, watermark_key: bytes, anchors: str, *, is_development: bool
    ) -> "Marker":
        if len(watermark_key) != WATERMARK_KEY_BYTES:
            raise KeysUnusable(f"the watermark key must have {WATERMARK_KEY_BYTES} bytes")
        try:
            leaf = x509.load_pem_x509_certificates(chain.encode())[0]
            x509.load_pem_x509_certificates(anchors.encode())
            private = serialization.load_pem_private_key(key.encode(), password=None)
        except (ValueError, TypeError) as error:
            raise KeysUnusable(f"a key or certificate cannot be read: {error}") from error
        if private.public_key() != leaf.public_key():
            raise KeysUnusable("the private key does not belong to the first certificate")
        return cls(chain, key, watermark_key, anchors, _algorithm(private), is_development)

    def context(self) -> c2pa.Context:
        """The c2pa context of this process and thread, made on first use.

        A context does not survive a fork, and one thread at a time may use it.
        """
        here = os.getpid()
        if getattr(self._contexts, "pid", None) != here:
            info = c2pa.C2paSignerInfo(
                self.algorithm, self.cert_chain.encode(), self.private_key.encode(), None
            )
            self._contexts.context = c2pa.Context.from_dict(
                self._settings(), signer=c2pa.Signer.from_info(info)
            )
            self._contexts.pid = here
        context: c2pa.Context = self._contexts.context
        return context

    def _settings(self) -> dict[str, Any]:
        return {
            "version": 1,
            "trust": {"trust_anchors": self.trust_anchors},
            "verify": {
                "verify_trust": True,
                # An uploaded file must not make us fetch the address it names.
                "remote_manifest_fetch": False,
                "ocsp_fetch": False,
                "verify_after_sign": False,  # the pipeline reads every file back itself
            },
            "builder": {"thumbnail": {"enabled": False}},
        }


def _algorithm(private_key: object) -> str:
    match private_key:
        case ec.EllipticCurvePrivateKey() if private_key.curve.name in _EC_ALGORITHMS:
            return _EC_ALGORITHMS[private_key.curve.name]
        case ed25519.Ed25519PrivateKey():
            return "ed25519"
        case rsa.RSAPrivateKey():
            return "ps256"
    raise KeysUnusable("C2PA signs with EC P-256/384/521, Ed25519 or RSA keys")
