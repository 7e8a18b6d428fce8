"""`Idempotency-Key`: the same request twice has one effect and one answer.

Follows draft-ietf-httpapi-idempotency-key-header-07. The answer is a row committed in the same
transaction as the effect, so a process killed between the two leaves neither. Only successful
answers are kept: a failure changed nothing, and the same key may try again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import IdempotencyInFlight, IdempotencyMismatch, InvalidField
from core.models import IdempotentAnswer
from core.retention import KEPT
from core.sealing import cipher

KEY_LENGTH_MAX = 200
View = Callable[..., Response]


def idempotent(view: View) -> View:
    """Make a DRF view method answer a repeated Idempotency-Key from the first answer.

    The method runs in one transaction with the stored answer. Without the header it runs as it is.
    """

    @wraps(view)
    def once(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None or not request.user.is_authenticated:  # a stranger has no keys of their own
            return view(self, request, *args, **kwargs)
        if not 0 < len(key) <= KEY_LENGTH_MAX or "\x00" in key:
            raise InvalidField("1 to 200 characters.", field="Idempotency-Key")
        scope = _sha256(f"{request.user.pk}:{request.method}:{request.path}")
        digest = _digest(request)
        with transaction.atomic():
            _lock(scope, key)
            kept = IdempotentAnswer.objects.filter(
                scope=scope, key=key, created_at__gt=timezone.now() - KEPT
            ).first()
            if kept is not None:
                if kept.request_sha256 != digest:
                    raise IdempotencyMismatch(field="Idempotency-Key")
                body = json.loads(cipher("idempotency").decrypt(bytes(kept.body)))
                return Response(body, status=kept.status, headers={"Idempotency-Replayed": "1"})
            response = view(self, request, *args, **kwargs)
            body = JSONRenderer().render(response.data) or b"null"
            IdempotentAnswer.objects.update_or_create(
                scope=scope,
                key=key,
                defaults={
                    "request_sha256": digest,
                    "status": response.status_code,
                    "body": cipher("idempotency").encrypt(
                        JSONRenderer().render(response.data) or b"null"
                    ),
                    "created_at": timezone.now(),
                },
            )
        return response

    once.is_idempotent = True  # type: ignore[attr-defined]  # core.schema documents the header
    return once


def _lock(scope: str, key: str) -> None:
    """Hold the key until the transaction ends.

    Raises:
        IdempotencyInFlight: another request holds it.
    """
    number = int(_sha256(f"{scope}\n{key}")[:15], 16)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        row = cursor.fetchone()
    if row is None or not row[0]:
        raise IdempotencyInFlight(field="Idempotency-Key")


def _digest(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=_told_apart)
    query = request.META.get("QUERY_STRING", "")  # ?dry_run=1 is another request
    return _sha256(f"{query}\n{body}" if query else body)


def _told_apart(value: Any) -> str:
    """Return what stands for a value that JSON does not know; a file is its content."""
    if not isinstance(value, UploadedFile):
        return str(value)
    content = hashlib.sha256()
    for chunk in value.chunks():
        content.update(chunk)
    value.seek(0)
    return content.hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
