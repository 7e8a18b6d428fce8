"""Paths under /api/v1."""

from __future__ import annotations

from django.urls import path

from moderation import views

urlpatterns = [
    path("reports", views.ReportsView.as_view(), name="reports"),
    path("me/moderation", views.MyModerationView.as_view(), name="my-moderation"),
    path("verify", views.VerifyView.as_view(), name="verify"),
]
