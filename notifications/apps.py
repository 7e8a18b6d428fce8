from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """What people are told."""

    name = "notifications"

    def ready(self) -> None:
        """Connect the receivers."""
        from notifications import receivers  # noqa: F401, PLC0415 - connection happens on import
