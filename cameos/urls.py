"""Paths under /api/v1."""

from __future__ import annotations

from django.urls import path

from cameos.views import enrolments

urlpatterns = [
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
]
