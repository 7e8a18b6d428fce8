"""Every path of the one public port but events, which `config.asgi` takes first."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import views

api: list[URLPattern | URLResolver] = [
    path("config", views.ConfigView.as_view(), name="config"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path("", include("credits.urls")),
    path("", include("cameos.urls")),
    path("", include("feed.urls")),
    path("", include("remix.urls")),
    path("", include("moderation.urls")),
    path("", include("generation.urls")),
]

urlpatterns = [
    path("", views.client, name="client"),
    path("problems/<slug:code>", views.problem_type, name="problem-type"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("api/v1/", include(api)),
    path("_allauth/", include("accounts.auth_urls")),
    path("media/", include("core.media_urls")),
    path("admin/", admin.site.urls),
    path("", include("ops.urls")),
]

handler404 = "core.problems.page_not_found"
handler500 = "core.problems.server_error"
