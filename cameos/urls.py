"""Paths under /api/v1. A handle may be written with "@": `cameos/@search` is a person's."""

from __future__ import annotations

from django.urls import path

from cameos.views import cameos, characters, desk, enrolments, protection

urlpatterns = [
    path("cameos", cameos.CameosView.as_view(), name="cameos"),
    path("cameos/search", cameos.SearchView.as_view(), name="cameos-search"),
    path("cameos/restrictions", cameos.RestrictionsView.as_view(), name="cameo-restrictions"),
    path("cameos/consent", enrolments.ConsentView.as_view(), name="cameo-consent"),
    path("cameos/enrolments", enrolments.EnrolmentsView.as_view(), name="enrolments"),
    path(
        "cameos/enrolments/<uuid:enrolment_id>",
        enrolments.EnrolmentView.as_view(),
        name="enrolment",
    ),
    path(
        "cameos/enrolments/<uuid:enrolment_id>/submit",
        enrolments.SubmitEnrolmentView.as_view(),
        name="submit-enrolment",
    ),
    path(
        "cameos/enrolments/<uuid:enrolment_id>/capture",
        enrolments.CaptureView.as_view(),
        name="capture",
    ),
    path("characters", characters.CharactersView.as_view(), name="characters"),
    path("protected-faces", protection.ProtectedFacesView.as_view(), name="protected-faces"),
    path(
        "protected-faces/<uuid:protected_id>",
        protection.ProtectedFaceView.as_view(),
        name="protected-face",
    ),
    path("cameos/<str:handle>", cameos.CameoView.as_view(), name="cameo"),
    path("cameos/<str:handle>/portrait", cameos.PortraitView.as_view(), name="cameo-portrait"),
    path("cameos/<str:handle>/revoke", cameos.RevokeView.as_view(), name="cameo-revoke"),
    path("cameos/<str:handle>/access", cameos.AccessesView.as_view(), name="cameo-accesses"),
    path(
        "cameos/<str:handle>/access/<str:username>",
        cameos.AccessView.as_view(),
        name="cameo-access",
    ),
    path("cameos/<str:handle>/uses", desk.UsesView.as_view(), name="cameo-uses"),
    path("cameos/<str:handle>/uses/<uuid:clip_id>", desk.UseView.as_view(), name="cameo-use"),
    path("cameos/<str:handle>/receipts", desk.ReceiptsView.as_view(), name="cameo-receipts"),
    path("cosigns", desk.CosignsView.as_view(), name="cosigns"),
    path("cosigns/<uuid:cosign_id>", desk.CosignView.as_view(), name="cosign"),
    path("consents/keys", desk.ConsentKeysView.as_view(), name="consent-keys"),
    path("consents/<uuid:receipt_id>", desk.ConsentView.as_view(), name="consent"),
]
