"""Consent receipts: verified by a stranger offline, silent about people, true at every moment."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.utils import timezone

from cameos.custody.signing import public_keys, sign_receipt
from cameos.errors import ReceiptKeysUnusable, ReceiptNotFound, UseNotRecorded
from cameos.models import Enrolment, Receipt
from cameos.services import (
    end_ownerless,
    issue_receipts,
    receipt_status,
    revoke,
    withdraw_use,
)
from config import env
from core.ids import new_id
from tests.cameos.terms import make_cameo, use
from tests.racing import race

# The five lines of the documentation, as a stranger runs them: no server, no network.
GUIDE = (Path(__file__).parents[2] / "docs" / "likeness.md").read_text(encoding="utf-8")
(STRANGER,) = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


@pytest.fixture
def ada(make_user):
    return make_user("ada", display_name="Ada Lovelace")


@pytest.fixture
def used(ada, make_user):
    """A cameo of @ada in a clip of @ben, as the gates have written it: cameo and clip id."""
    cameo, clip_id, ben = make_cameo(ada), new_id(), make_user("ben")
    use(cameo, ben, clip_id=clip_id)
    use(cameo, ben, clip_id=clip_id, gate="start", reason="cosigned")
    return cameo, clip_id


def issue(used):
    cameo, clip_id = used
    return issue_receipts(clip_id=clip_id, cameo_ids=[cameo.pk])[0]


def test_a_stranger_verifies_a_receipt_offline_with_five_lines(used, api, tmp_path):
    status = api.get(f"/api/v1/consents/{issue(used)}").json()
    (tmp_path / "receipt.jwt").write_text(status["token"])
    (tmp_path / "keys.json").write_text(json.dumps(api.get("/api/v1/consents/keys").json()))
    assert len(STRANGER.split("\n\n")[-1].strip().split("\n")) <= 5  # after the import
    done = subprocess.run(
        [sys.executable, "-c", STRANGER], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == status["claims"]

    header, payload, signature = status["token"].split(".")
    (tmp_path / "receipt.jwt").write_text(f"{header}.{payload[:-2]}AA.{signature}")
    forged = subprocess.run(
        [sys.executable, "-c", STRANGER], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert forged.returncode != 0


def test_a_receipt_says_on_what_ground_and_names_nobody(used, ada, settings):
    settings.PUBLIC_URL = "https://clips.example.org"
    cameo, clip_id = used
    Enrolment.objects.create(
        user=ada,
        state="verified",
        deadline_at=timezone.now(),
        consent_version="2026-11",
        consent_sha256="a" * 64,
        purposes=["likeness"],
        digits="413",
        turns="left,right",
        challenge_expires_at=timezone.now(),
        cameo=cameo,
    )
    receipt_id = issue(used)
    told = receipt_status(receipt_id)
    claims = told["claims"]
    assert claims["clip"] == str(clip_id)
    assert (claims["ground"], claims["terms_version"], claims["voice"]) == ("cosigned", 1, False)
    assert claims["consent"] == {"version": "2026-11", "sha256": "a" * 64}
    assert claims["status"] == f"https://clips.example.org/api/v1/consents/{receipt_id}"
    text = json.dumps({**told, "id": "", "checked_at": ""}).lower()
    for secret in ("ada", "ben", "lovelace", str(ada.pk), str(cameo.pk), ada.email):
        assert secret not in text.replace("urn:vignette", ""), secret


def test_two_receipts_of_one_person_cannot_be_linked(used, make_user):
    cameo, _ = used
    other = new_id()
    use(cameo, make_user("cleo"), clip_id=other)
    subjects = {
        receipt_status(each)["claims"]["sub"]
        for each in (issue(used), *issue_receipts(clip_id=other, cameo_ids=[cameo.pk]))
    }
    assert len(subjects) == 2


def test_issuing_again_gives_the_same_receipts_in_the_order_of_the_cameos(used, make_user):
    cameo, clip_id = used
    cleo = make_user("cleo")
    other = make_cameo(cleo)
    use(other, cleo, clip_id=clip_id)
    first = issue_receipts(clip_id=clip_id, cameo_ids=[cameo.pk, other.pk])
    assert issue_receipts(clip_id=clip_id, cameo_ids=[other.pk, cameo.pk]) == first[::-1]
    assert issue_receipts(clip_id=clip_id, cameo_ids=[]) == ()
    assert Receipt.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_workers_that_issue_at_once_agree_on_one_receipt(make_user):
    ada = make_user("ada")
    cameo, clip_id = make_cameo(ada), new_id()
    use(cameo, ada, clip_id=clip_id)
    made = race(lambda _: issue_receipts(clip_id=clip_id, cameo_ids=[cameo.pk]), times=5)
    assert len(set(made)) == Receipt.objects.count() == 1


def test_what_no_gate_has_allowed_gets_no_receipt(ada, make_user):
    cameo, clip_id = make_cameo(ada), new_id()
    use(cameo, make_user("ben"), clip_id=clip_id, outcome="asked", reason="needs_cosign")
    for cameo_id in (cameo.pk, new_id()):
        with pytest.raises(UseNotRecorded):
            issue_receipts(clip_id=clip_id, cameo_ids=[cameo_id])
    assert not Receipt.objects.exists()


def test_the_status_flips_with_a_withdrawal_a_revocation_and_a_deleted_account(
    used, ada, api, make_user
):
    cameo, clip_id = used
    other_clip = new_id()
    use(cameo, make_user("cleo"), clip_id=other_clip)
    one = issue(used)
    (two,) = issue_receipts(clip_id=other_clip, cameo_ids=[cameo.pk])

    def statuses():
        return [api.get(f"/api/v1/consents/{each}").json()["status"] for each in (one, two)]

    assert statuses() == ["valid", "valid"]
    withdraw_use(handle="ada", clip_id=clip_id, by=ada)
    assert statuses() == ["withdrawn", "valid"]
    revoke(handle="ada", by=ada)
    assert statuses() == ["revoked", "revoked"]
    ada.delete()
    assert statuses() == ["erased", "erased"]
    end_ownerless()
    assert statuses() == ["erased", "erased"]


def test_an_unknown_receipt_is_not_found(api, db):
    with pytest.raises(ReceiptNotFound):
        receipt_status(new_id())
    answer = api.get(f"/api/v1/consents/{new_id()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "receipt_not_found")


def test_owners_export_their_receipts(used, ada, client_of):
    receipt_id = issue(used)
    (item,) = client_of(ada).get("/api/v1/cameos/ada/receipts").json()["items"]
    assert (item["id"], item["clip"], item["status"]) == (str(receipt_id), str(used[1]), "valid")
    assert item["url"] == f"/api/v1/consents/{receipt_id}"
    assert jwt.decode(item["token"], options={"verify_signature": False})["jti"] == item["id"]


# --- keys


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_given_keys_sign_and_old_ones_still_verify(settings, tmp_path):
    settings.RECEIPT_KEY, settings.RECEIPT_SEED = "", "local"
    old_token, old_kid = sign_receipt({"a": 1}), public_keys()["keys"][0]["kid"]
    new = pem(Ed25519PrivateKey.generate())
    (tmp_path / "key.pem").write_text(new)
    for given in (new, new.replace("\n", "\\n"), str(tmp_path / "key.pem")):
        settings.RECEIPT_KEY = given
        keys = public_keys()["keys"]
        assert [key["kid"] == old_kid for key in keys] == [False, True]
        assert all("d" not in key for key in keys)  # the private part
        token = sign_receipt({"a": 2})
        assert jwt.get_unverified_header(token)["kid"] == keys[0]["kid"]
        assert jwt.decode(token, jwt.PyJWK(keys[0]), algorithms=["EdDSA"]) == {"a": 2}
        assert jwt.decode(old_token, jwt.PyJWK(keys[1]), algorithms=["EdDSA"]) == {"a": 1}


def test_what_is_no_ed25519_key_is_refused(settings, tmp_path):
    settings.RECEIPT_SEED = ""
    rsa = pem(generate_private_key(public_exponent=65_537, key_size=2_048))
    (tmp_path / "empty.pem").write_text("")
    for given in ("", rsa, str(tmp_path / "none.pem"), str(tmp_path / "empty.pem"), "-----BEGIN x"):
        settings.RECEIPT_KEY = given
        with pytest.raises(ReceiptKeysUnusable):
            public_keys()


def test_a_key_of_the_instances_own_making_is_weak():
    (variable,) = [each for each in env.VARIABLES if each.name == "RECEIPT_KEY"]
    assert variable.weak
