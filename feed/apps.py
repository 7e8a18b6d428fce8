from django.apps import AppConfig


class FeedConfig(AppConfig):
    """What is seen: clips and the feed."""

    name = "feed"
