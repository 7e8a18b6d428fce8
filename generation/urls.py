"""Paths under /api/v1."""

from __future__ import annotations

from django.urls import path

from generation import views

urlpatterns = [
    path("engines", views.EnginesView.as_view(), name="engines"),
    path("engines/<str:name>/vocabulary", views.VocabularyView.as_view(), name="engine-vocabulary"),
    path("generations", views.GenerationsView.as_view(), name="generations"),
    path("generations/preflight", views.PreflightView.as_view(), name="generation-preflight"),
    path("generations/appeals", views.AppealsView.as_view(), name="generation-appeals"),
    path(
        "generations/<uuid:job_id>/appeal",
        views.GenerationAppealView.as_view(),
        name="generation-appeal",
    ),
    path("uploads", views.UploadsView.as_view(), name="uploads"),
    path("uploads/<uuid:upload_id>", views.UploadView.as_view(), name="upload"),
    path("generations/<uuid:job_id>", views.GenerationView.as_view(), name="generation"),
]
