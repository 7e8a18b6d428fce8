from django.apps import AppConfig


class CameosConfig(AppConfig):
    """Whose likeness may be shown, by whom and how."""

    name = "cameos"
