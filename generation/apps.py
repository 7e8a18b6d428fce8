from django.apps import AppConfig


class GenerationConfig(AppConfig):
    """The flow from a prompt to a clip."""

    name = "generation"

    def ready(self) -> None:
        """Check ENGINES when the project is checked."""
        from generation.engines import configured  # noqa: F401, PLC0415 - it registers its check
