"""Paths under /api/v1."""

from __future__ import annotations

from django.urls import path

from accounts import views

urlpatterns = [
    path("me", views.MeView.as_view(), name="me"),
    path("me/sessions", views.SessionsView.as_view(), name="sessions"),
    path("me/guardians", views.GuardiansView.as_view(), name="guardians"),
    path("me/guardians/<str:username>", views.GuardianView.as_view(), name="guardian"),
    path("me/wards", views.WardsView.as_view(), name="wards"),
    path("me/wards/<str:username>", views.WardView.as_view(), name="ward"),
    path("invites", views.InvitesView.as_view(), name="invites"),
    path("invites/<uuid:invite_id>", views.InviteView.as_view(), name="invite"),
    path("waitlist", views.WaitlistView.as_view(), name="waitlist"),
    path("users/<str:username>", views.UserView.as_view(), name="user"),
    path("users/<str:username>/follow", views.FollowView.as_view(), name="follow"),
    path("users/<str:username>/block", views.BlockView.as_view(), name="block"),
    path("users/<str:username>/mute", views.MuteView.as_view(), name="mute"),
]
