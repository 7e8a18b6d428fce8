"""`manage.py env_example`: write `.env.example` from the variables that `config.env` declares."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config import env


class Command(BaseCommand):
    """Writes `.env.example`."""

    help = "Write .env.example from the declared variables."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        (settings.BASE_DIR / ".env.example").write_text(env.example(), encoding="utf-8")
