"""`/_allauth/`: allauth's headless paths, with our sign-up in place of its own."""

from __future__ import annotations

from allauth.headless.constants import Client
from django.urls import include, path

from accounts.auth_views import InvitedSignupView

urlpatterns = [
    path("app/v1/auth/signup", InvitedSignupView.as_api_view(client=Client.APP), name="signup"),
    path("", include("allauth.headless.urls")),
]
