"""A deployment's keys: what signs manifests, what is trusted, and what seeds the invisible mark."""

import datetime as dt
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

WATERMARK_KEY_BYTES = 32
_DEVELOPMENT = "development"
_CHAIN, _PRIVATE_KEY = "chain.pem", "private_key.pem"
_TRUST_ANCHORS, _WATERMARK_KEY = "trust_anchors.pem", "watermark.key"
# Without a time stamp a file turns invalid with its leaf, so a development leaf lives long.
_LIFETIME = dt.timedelta(days=3650)
# c2pa-kp-claimSigning: C2PA Technical Specification 2.2, "X.509 Certificates".
_CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")


def ensure_development_keys(folder: Path) -> tuple[str, str, bytes, str]:
    """Return a folder's development keys, making them on first use.

    Makes a root certificate, one leaf under it, and a watermark key, all readable by the owner
    only. The root's private key is thrown away once the leaf is signed: no one can issue a second
    leaf that instances with this root would trust. Processes that start at once end with one set.

    Returns:
        The certificate chain, the private key, the watermark key and the trust anchors.
    """
    home = folder / _DEVELOPMENT
    if not home.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{_DEVELOPMENT}.", dir=folder))
        try:
            _write_chain(fresh)
            _publish(fresh, home)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return (
        (home / _CHAIN).read_text(),
        (home / _PRIVATE_KEY).read_text(),
        (home / _WATERMARK_KEY).read_bytes(),
        (home / _TRUST_ANCHORS).read_text(),
    )


def _publish(fresh: Path, home: Path) -> None:
    try:
        # Atomic, and refused when another process has already put a filled folder there.
        fresh.rename(home)
    except OSError:
        if not home.is_dir():
            raise


def _write_chain(home: Path) -> None:
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Vignette development root", root_key, issuer=None, issuer_key=root_key)
    leaf = _certificate("Vignette development signer", leaf_key, issuer=root, issuer_key=root_key)
    private = leaf_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for name, content in (
        (_CHAIN, leaf.public_bytes(serialization.Encoding.PEM)),
        (_PRIVATE_KEY, private),
        (_TRUST_ANCHORS, root.public_bytes(serialization.Encoding.PEM)),
        (_WATERMARK_KEY, secrets.token_bytes(WATERMARK_KEY_BYTES)),
    ):
        descriptor = os.open(home / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Vignette development instance"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    is_root = issuer is None
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # An hour back: the clock of a machine that verifies may be behind ours.
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(_key_usage(is_root=is_root), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if not is_root:
        usages = [ExtendedKeyUsageOID.EMAIL_PROTECTION, _CLAIM_SIGNING]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(*, is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )
