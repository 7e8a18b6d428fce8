"""Where signed media URLs lead; included under /media/."""

from __future__ import annotations

from django.urls import path

from core import media

urlpatterns = [path("<str:grant>/<path:name>", media.serve, name="media")]
