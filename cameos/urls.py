"""Paths under /api/v1. A handle may be written with "@": `cameos/@search` is a person's."""

from __future__ import annotations

from django.urls import path

from cameos.views import characters, enrolments, protection

urlpatterns = [
    path("cameos", cameos.CameosView.as_view(), name="cameos"),
    path("cameos/search", cameos.SearchView.as_view(), name="cameos-search"),
    path("cameos/restrictions", cameos.RestrictionsView.as_view(), name="cameo-restrictions"),
    path("cameos/<str:handle>", cameos.CameoView.as_view(), name="cameo"),
    path("cameos/<str:handle>/portrait", cameos.PortraitView.as_view(), name="cameo-portrait"),
    path("cameos/<str:handle>/revoke", cameos.RevokeView.as_view(), name="cameo-revoke"),
    path("cameos/<str:handle>/access", cameos.AccessesView.as_view(), name="cameo-accesses"),
    path(
        "cameos/<str:handle>/access/<str:username>",
        cameos.AccessView.as_view(),
        name="cameo-access",
    ),
    path("characters", characters.CharactersView.as_view(), name="characters"),
    path("protected-faces", protection.ProtectedFacesView.as_view(), name="protected-faces"),
    path(
        "protected-faces/<uuid:protected_id>",
        protection.ProtectedFaceView.as_view(),
        name="protected-face",
    ),
]
