"""The Celery app: messages are wake-ups, the beat only starts sweeps."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("vignette")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# `expires`: a sweep that no worker took in time is repeated anyway, so none piles up in an outage.
app.conf.beat_schedule = {
    "sweep": {"task": "generation.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "deliver": {"task": "notifications.deliver", "schedule": 10.0, "options": {"expires": 10}},
    "housekeep": {"task": "generation.housekeep", "schedule": 3600.0, "options": {"expires": 600}},
    "cameos-sweep": {"task": "cameos.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "cameos-purge": {"task": "cameos.purge", "schedule": 3600.0, "options": {"expires": 600}},
    "reconcile": {"task": "credits.reconcile", "schedule": 86_400.0, "options": {"expires": 3600}},
}
