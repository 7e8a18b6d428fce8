from django.apps import AppConfig


class CreditsConfig(AppConfig):
    """Who may spend how much."""

    name = "credits"

    def ready(self) -> None:
        """Register the check of the plans' and the prices' file."""
        from credits.policy import loaded  # noqa: F401, PLC0415 - registration happens on import
