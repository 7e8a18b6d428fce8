"""One request to a webhook: to a public address alone, to the one that was checked, and bounded."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notifications import sending
from notifications.policy import is_public
from notifications.sending import Outcome, send
from tests.fakes.receiver import receiving

NOT_OF_THE_INTERNET = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 169.254.169.254
172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1
203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1
64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::
2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1
localhost 127.1 2130706433 0x7f.1
"""
NOT_PUBLIC = "the host's address is not a public one"


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture
def private(settings):
    """As in development: any address may be called."""
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True


@pytest.fixture
def names(monkeypatch):
    """A resolver of our own: each look-up of a name gives its next answer. Keeps who was asked."""

    class Names(dict):
        asked = []

        def __call__(self, host, port):
            self.asked.append(host)
            answers = self[host]
            return answers.pop(0) if len(answers) > 1 else answers[0]

    made = Names()
    made.asked = []
    monkeypatch.setattr(sending, "resolve", made)
    return made


def post(url):
    return send(url=url, body=b"{}", headers={"webhook-id": "msg_1"})


# ── which addresses ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "1.1.1.1", "172.15.0.1", "100.63.255.255", "2606:4700::1111", "2a00::1"],
)
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    NOT_OF_THE_INTERNET.split(),
)
def test_all_others_are_not(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://127.1/",
        "http://localhost/",
        "http://0/",
    ],
)
def test_nothing_is_sent_to_this_machine_however_it_is_spelled(receiver, url):
    url = url.rstrip("/") + receiver.url.removeprefix("http://127.0.0.1")
    outcome = post(url)
    assert outcome.http_status is None
    assert "address" in outcome.error
    assert receiver.received == []


@pytest.mark.parametrize(
    "answer", [["10.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1", "2606:4700::1111"], []]
)
def test_every_address_of_a_name_must_be_public(names, monkeypatch, answer):
    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", None)  # nobody gets as far
    names["hooks.test"] = [answer]
    assert post("http://hooks.test/").error == (NOT_PUBLIC if answer else "the host has no address")


def test_the_address_that_was_checked_is_called_and_the_name_not_looked_up_again(
    names, receiver, monkeypatch
):
    """DNS rebinding: the second answer would be this machine."""
    dialled = []

    async def connect(self, host, port, *args, **kwargs):
        dialled.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    names["rebind.test"] = [["93.184.216.34"], ["127.0.0.1"]]
    outcome = post(receiver.url.replace("127.0.0.1", "rebind.test"))
    assert outcome == Outcome(None, "no connection")
    assert (names.asked, dialled) == (["rebind.test"], ["93.184.216.34"])
    assert receiver.received == []


@pytest.mark.usefixtures("private")
def test_the_host_is_the_names_and_a_dead_address_is_passed_over(names, receiver):
    names["hooks.test"] = [["127.0.0.2", "127.0.0.1"]]
    url = receiver.url.replace("127.0.0.1", "hooks.test")
    assert post(url) == Outcome(204)
    assert receiver.received[0].headers["host"] == httpx.URL(url).netloc.decode()
    assert receiver.received[0].path == "/hook?team=7"


@pytest.mark.usefixtures("private")
def test_no_proxy_of_the_environment_is_asked(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(receiver.url) == Outcome(204)


def test_in_production_nothing_is_sent_without_tls(receiver, settings, names):
    settings.PRODUCTION = True
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True
    assert post(receiver.url).error == "The URL begins with https://."
    assert names.asked == receiver.received == []


# ── what receivers do ─────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (200, Outcome(200)),
        (410, Outcome(410)),
        ("redirect", Outcome(307)),
        ("flood", Outcome(200)),
        ("drop", Outcome(None, "the connection broke")),
    ],
)
def test_an_answer_is_its_status_and_nothing_is_followed(receiver, answer, outcome):
    receiver.answers = [answer]
    started_at = time.monotonic()
    assert post(receiver.url) == outcome
    assert time.monotonic() - started_at < 2
    assert [each.path for each in receiver.received] == ["/hook?team=7"]


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("kind", ["hang", "drip", "headers", "dns"])
def test_no_receiver_takes_longer_than_it_may(receiver, names, monkeypatch, kind):
    monkeypatch.setattr(sending, "TRY_SECONDS", 0.4)
    names["127.0.0.1"] = [["127.0.0.1"]]
    done = threading.Event()
    if kind == "dns":
        monkeypatch.setattr(sending, "resolve", lambda host, port: done.wait(5) and [])
    if kind == "hang":
        receiver.answers = ["hang"]
    with trickling(kind) as url:
        started_at = time.monotonic()
        outcome = post(url or receiver.url)
        assert time.monotonic() - started_at < 2
    done.set()
    assert outcome.http_status is None
    assert outcome.error in {"no answer in 0.4 s", "the connection broke"}


@pytest.mark.usefixtures("private")
def test_nobody_listening_is_no_connection():
    with receiving() as gone:
        url = gone.url
    assert post(url) == Outcome(None, "no connection")


@contextmanager
def trickling(kind):
    """Answer a byte now and then, or headers without end; None for kinds of another server."""
    if kind not in {"drip", "headers"}:
        yield None
        return
    ends = threading.Event()

    def serve(listening):
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n" if kind == "headers" else b"")
            for byte in b"HTTP/1.1 200 OK" * 1000:
                line = bytes([byte])
                connection.sendall(b"x-filler: " + line * 4000 if kind == "headers" else line)
                if ends.wait(0.05):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            ends.set()
            thread.join()


# ── TLS ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(("name", "is_trusted"), [("hooks.test", True), ("other.test", False)])
def test_tls_checks_the_name_though_the_address_is_pinned(
    names, monkeypatch, tmp_path, name, is_trusted
):
    names["hooks.test"] = names["other.test"] = [["127.0.0.1"]]
    certificate = self_signed(tmp_path, "hooks.test")
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(sending, "tls_context", lambda: trusting)
    with receiving() as receiver:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate)
        listening = receiver._server.socket
        receiver._server.socket = server.wrap_socket(listening, server_side=True)
        url = receiver.url.replace("http://127.0.0.1", f"https://{name}")
        outcome = post(url)
    assert outcome == (
        Outcome(204) if is_trusted else Outcome(None, "its certificate or TLS is not accepted")
    )


def self_signed(folder, name):
    """Write a certificate that is its own authority, and its key, into one file; return it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / "certificate.pem"
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return file
