"""Paths under /api/v1."""

from __future__ import annotations

from django.urls import path

from credits import views

urlpatterns = [
    path("credits", views.CreditsView.as_view(), name="credits"),
    path("credits/history", views.HistoryView.as_view(), name="credits-history"),
    path("credits/purchases", views.PurchasesView.as_view(), name="credits-purchases"),
    path("credits/webhooks/<slug:provider>", views.WebhookView.as_view(), name="credits-webhooks"),
    path("plans", views.PlansView.as_view(), name="plans"),
]
