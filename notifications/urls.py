"""Paths under /api/v1; the event streams are in `notifications.routing`."""

from __future__ import annotations

from django.urls import path

from notifications import views

urlpatterns = [
    path("me/notifications", views.NotificationsView.as_view(), name="notifications"),
]
