"""Migrations say what the models say, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

OURS = [
    config for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR
]


@pytest.mark.django_db
def test_no_model_drifted_from_its_migrations():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_migrations_import_no_app():
    """A migration runs against the past: the code of today is not its business."""
    names = {config.name for config in OURS}
    for config in OURS:
        for file in (Path(config.path) / "migrations").glob("[0-9]*.py"):
            imported = {
                alias.name.split(".")[0]
                for node in ast.walk(ast.parse(file.read_text()))
                if isinstance(node, ast.Import)
                for alias in node.names
            } | {
                (node.module or "").split(".")[0]
                for node in ast.walk(ast.parse(file.read_text()))
                if isinstance(node, ast.ImportFrom)
            }
            # `core.ids` is frozen into the keys' defaults and never changes its meaning.
            assert imported & names <= {"core"}, file


@pytest.mark.django_db
def test_migrations_apply_in_one_line_per_app():
    for config in OURS:
        files = sorted((Path(config.path) / "migrations").glob("[0-9]*.py"))
        numbers = [file.name[:4] for file in files]
        assert numbers == [f"{n:04}" for n in range(1, len(files) + 1)], config.name
