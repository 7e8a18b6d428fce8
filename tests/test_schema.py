"""The OpenAPI document: valid, without warnings, committed, and true."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The document as the code makes it now; making it fails on any warning."""
    file = tmp_path_factory.mktemp("schema") / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    return file


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_the_committed_document_is_the_codes(made):
    assert made.read_text() == COMMITTED.read_text(), (
        "regenerate it: manage.py spectacular --file docs/openapi.yaml"
    )


def test_it_is_openapi_3_1_and_names_every_operation_once(made):
    document = yaml.safe_load(made.read_text())
    assert document["openapi"] == "3.1.0"
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(operation["tags"] for _, _, operation in operations(document))


def test_every_operation_may_answer_with_a_problem(made):
    document = yaml.safe_load(made.read_text())
    for method, path, operation in operations(document):
        content = operation["responses"]["default"]["content"]
        assert list(content) == ["application/problem+json"], (method, path)
    assert "trace_id" in document["components"]["schemas"]["Problem"]["required"]


def test_posts_that_create_or_spend_take_an_idempotency_key(made):
    document = yaml.safe_load(made.read_text())
    takes_key = {
        path
        for method, path, operation in operations(document)
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
    }
    assert takes_key == {
        "/api/v1/cameos/{handle}/revoke",
        "/api/v1/cameos/enrolments",
        "/api/v1/cameos/enrolments/{enrolment_id}/submit",
        "/api/v1/characters",
        "/api/v1/clips/{clip_id}/publish",
        "/api/v1/cosigns/{cosign_id}",
        "/api/v1/credits/purchases",
        "/api/v1/generations",
        "/api/v1/generations/appeals",
        "/api/v1/generations/{job_id}/appeal",
        "/api/v1/invites",
        "/api/v1/me/guardians",
        "/api/v1/protected-faces",
        "/api/v1/reports",
        "/api/v1/uploads",
        "/api/v1/webhooks",
        "/api/v1/webhooks/{webhook_id}/secret",
        "/api/v1/webhooks/{webhook_id}/test",
    }


def test_the_schema_and_its_page_are_served(api):
    assert api.get("/api/v1/schema").status_code == 200
    page = api.get("/api/v1/docs").content.decode()
    assert "cdn" not in page  # the sidecar's files come from this server
