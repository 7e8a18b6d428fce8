from django.apps import AppConfig


class GenerationConfig(AppConfig):
    """The flow from a prompt to a clip."""

    name = "generation"
