"""Paths under /api/v1; the event streams are in `notifications.routing`."""

from __future__ import annotations

from django.urls import path

from notifications import views

urlpatterns = [
    path("me/notifications", views.NotificationsView.as_view(), name="notifications"),
    path("webhooks", views.WebhooksView.as_view(), name="webhooks"),
    path("webhooks/<uuid:webhook_id>", views.WebhookView.as_view(), name="webhook"),
    path("webhooks/<uuid:webhook_id>/test", views.TestView.as_view(), name="webhook-test"),
    path("webhooks/<uuid:webhook_id>/secret", views.SecretView.as_view(), name="webhook-secret"),
    path(
        "webhooks/<uuid:webhook_id>/deliveries",
        views.DeliveriesView.as_view(),
        name="webhook-deliveries",
    ),
]
