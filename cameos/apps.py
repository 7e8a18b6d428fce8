from django.apps import AppConfig


class CameosConfig(AppConfig):
    """Whose likeness may be shown, by whom and how."""

    name = "cameos"

    def ready(self) -> None:
        """Connect the receivers."""
        from cameos import receivers  # noqa: F401, PLC0415 - connection happens on import
