"""The instance's paths and an empty view, for `benchmarks/feed.py`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import handler404, handler500, urlpatterns

__all__ = ["handler404", "handler500", "urlpatterns"]


def empty(request: HttpRequest) -> HttpResponse:
    """Answer nothing."""
    return HttpResponse()


urlpatterns = [path("bench/empty", empty), *urlpatterns]
