from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """What may be made and seen."""

    name = "moderation"

    def ready(self) -> None:
        """Connect the receivers."""
        from moderation import receivers  # noqa: F401, PLC0415 - connection happens on import
