from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Register the system checks and make the Celery app the one that messages go through."""
        from config import celery, checks  # noqa: F401, PLC0415 - registration happens on import
