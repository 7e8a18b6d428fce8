"""The instance's own pages: the client, health, and what a client must know before it signs in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, connection
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView
from core.cursors import LIMIT_MAX
from core.problems import meaning_of
from core.switches import thrown_switches

CLIENT_PAGE = settings.BASE_DIR / "client" / "index.html"
MINIMUM_CLIENT_VERSION = "0.1.0"


class LimitsSerializer(serializers.Serializer[Any]):
    """What a request may ask for at most."""

    prompt_characters = serializers.IntegerField()
    seconds_max = serializers.IntegerField()
    page_items = serializers.IntegerField()
    minimum_age_years = serializers.IntegerField()


class ConfigSerializer(serializers.Serializer[Any]):
    """What the instance is and can."""

    instance = serializers.CharField()
    version = serializers.CharField()
    minimum_client_version = serializers.CharField()
    invite_only = serializers.BooleanField()
    engines = serializers.ListField(child=serializers.CharField())
    switches = serializers.ListField(
        child=serializers.CharField(),
        help_text="What operators stopped for now: generation, sign_up, cameos, read_only, "
        "engine:<name>.",
    )
    limits = LimitsSerializer()


class ConfigView(ApiView):
    """What a client must know before it signs in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    etag = True

    @extend_schema(responses=ConfigSerializer, operation_id="config", tags=["instance"])
    def get(self, request: Request) -> Response:
        """Return the instance's name, limits and capabilities."""
        body = {
            "instance": settings.INSTANCE_NAME,
            "version": settings.VERSION,
            "minimum_client_version": MINIMUM_CLIENT_VERSION,
            "invite_only": True,
            "engines": sorted(settings.ENGINES),
            "switches": sorted(thrown_switches()),
            "limits": {
                "prompt_characters": settings.PROMPT_CHARACTERS_MAX,
                "seconds_max": settings.GENERATION_SECONDS_MAX,
                "page_items": LIMIT_MAX,
                "minimum_age_years": settings.MINIMUM_AGE_YEARS,
            },
        }
        return Response(ConfigSerializer(body).data)


def client(request: HttpRequest) -> FileResponse:
    """Serve the reference client's page."""
    return FileResponse(CLIENT_PAGE.open("rb"), content_type="text/html; charset=utf-8")


def problem_type(request: HttpRequest, code: str) -> HttpResponse:
    """Say what a problem's code means to whoever opens the document's `type`.

    Raises:
        Http404: no problem of ours has this code.
    """
    meaning = meaning_of(code)
    if meaning is None:
        raise Http404
    return HttpResponse(f"{code}\n\n{meaning}\n", content_type="text/plain; charset=utf-8")


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process lives."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database and Valkey answer, 503 otherwise."""
    parts = {"database": _database_answers(), "valkey": _valkey_answers()}
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return False
    return True


def _valkey_answers() -> bool:
    try:
        cache.get("readyz")
    except RedisError:
        return False
    return True
