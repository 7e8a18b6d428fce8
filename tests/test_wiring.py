"""Every upward signal and who receives it, in one table."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.dispatch import Signal

WIRING = {
    "accounts.signals.guardian_grant_changed": ["cameos.receivers.pause_without_grant"],
    "accounts.signals.guardianship_changed": ["notifications.receivers.tell_of_guardianship"],
    "cameos.signals.cameo_revoked": [
        "feed.receivers.end_clips_of_cameo",
        "generation.receivers.end_jobs_of_cameo",
    ],
    "cameos.signals.cosign_settled": ["generation.receivers.carry_out_answer"],
    "cameos.signals.likeness_traced": [
        "feed.receivers.trace_clips",
        "generation.receivers.trace_jobs",
    ],
    "cameos.signals.use_withdrawn": [
        "feed.receivers.end_clip_of_use",
        "generation.receivers.end_job_of_use",
    ],
    "feed.signals.caption_changing": ["moderation.receivers.check_caption"],
    "feed.signals.clip_publication_changed": ["remix.receivers.count_remix"],
}
OURS = [
    config.name
    for config in apps.get_app_configs()
    if Path(config.path).parent == settings.BASE_DIR
]


def declared():
    for app in OURS:
        if find_spec(f"{app}.signals") is None:
            continue
        for name, value in vars(import_module(f"{app}.signals")).items():
            if isinstance(value, Signal):
                yield f"{app}.signals.{name}", value


def receivers_of(signal):
    found = [entry[1] for entry in signal.receivers]
    functions = [each() if hasattr(each, "__self__") or callable(each) else each for each in found]
    return sorted(f"{each.__module__}.{each.__qualname__}" for each in functions)


def test_every_signal_and_its_receivers_are_in_the_table():
    assert {name: receivers_of(signal) for name, signal in declared()} == WIRING


def test_receivers_live_above_their_signal():
    order = ["core", "accounts", "notifications", "credits", "cameos", "feed"]
    order += ["remix", "moderation", "generation"]
    for signal, receivers in WIRING.items():
        for receiver in receivers:
            below, above = signal.split(".")[0], receiver.split(".")[0]
            assert order.index(below) < order.index(above), (signal, receiver)


def test_nobody_listens_to_djangos_model_signals():
    from django.db.models import signals  # noqa: PLC0415, TID251 - to see that nobody uses them

    for signal in (signals.post_save, signals.pre_save, signals.post_delete, signals.pre_delete):
        ours = [name for name in receivers_of(signal) if name.split(".")[0] in OURS]
        assert ours == []
