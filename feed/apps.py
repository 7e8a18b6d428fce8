from django.apps import AppConfig


class FeedConfig(AppConfig):
    """What is seen: clips and the feed."""

    name = "feed"

    def ready(self) -> None:
        """Connect the receivers."""
        from feed import receivers  # noqa: F401, PLC0415 - connection happens on import
