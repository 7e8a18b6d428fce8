"""Paths under /api/v1."""

from __future__ import annotations

from django.urls import path

from feed import views

urlpatterns = [
    path("feed", views.FeedView.as_view(), name="feed"),
    path("drafts", views.DraftsView.as_view(), name="drafts"),
    path("users/<str:username>/clips", views.UserClipsView.as_view(), name="user-clips"),
    path("clips/<uuid:clip_id>", views.ClipView.as_view(), name="clip"),
    path("clips/<uuid:clip_id>/publish", views.PublishView.as_view(), name="clip-publish"),
    path("clips/<uuid:clip_id>/like", views.LikeView.as_view(), name="clip-like"),
    path("clips/<uuid:clip_id>/download", views.DownloadView.as_view(), name="clip-download"),
    path(
        "clips/<uuid:clip_id>/credentials",
        views.CredentialsView.as_view(),
        name="clip-credentials",
    ),
]
