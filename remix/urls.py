"""Paths under /api/v1."""

from __future__ import annotations

from django.urls import path

from remix import views

urlpatterns = [
    path("clips/<uuid:clip_id>/lineage", views.LineageView.as_view(), name="clip-lineage"),
    path("clips/<uuid:clip_id>/remixes", views.RemixesView.as_view(), name="clip-remixes"),
]
