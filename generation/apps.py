from django.apps import AppConfig


class GenerationConfig(AppConfig):
    """The flow from a prompt to a clip."""

    name = "generation"

    def ready(self) -> None:
        """Connect the receivers, and check ENGINES when the project is checked."""
        from generation import receivers  # noqa: F401, PLC0415 - connection happens on import
        from generation.engines import configured  # noqa: F401, PLC0415 - it registers its check
