from django.apps import AppConfig


class RemixConfig(AppConfig):
    """What came from what."""

    name = "remix"

    def ready(self) -> None:
        """Connect the receivers."""
        from remix import receivers  # noqa: F401, PLC0415 - connection happens on import
