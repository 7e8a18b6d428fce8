"""The operator's paths; they are no part of the API."""

from __future__ import annotations

from django.urls import path

from ops import views

urlpatterns = [
    path("ops/", views.PageView.as_view(), name="ops"),
    path("ops/actions/<slug:action>", views.ActionView.as_view(), name="ops-action"),
    path("metrics", views.MetricsView.as_view(), name="metrics"),
]
