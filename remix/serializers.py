"""The shapes of the lineage in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from feed.schema import ClipReferenceSerializer
from remix.models import EdgeKind
from remix.selectors import CHILDREN_MAX, DEPTH_MAX


class AncestorSerializer(serializers.Serializer[Any]):
    """One step towards the root."""

    clip = ClipReferenceSerializer()
    child = serializers.UUIDField(help_text="The clip that was made from it.")
    kind = serializers.ChoiceField(choices=EdgeKind.choices)
    depth = serializers.IntegerField(help_text="1: a parent of the clip asked for.")


class ChildSerializer(serializers.Serializer[Any]):
    """One remix of a clip."""

    clip = ClipReferenceSerializer()
    kind = serializers.ChoiceField(choices=EdgeKind.choices)


class LineageSerializer(serializers.Serializer[Any]):
    """Where a clip came from, and its newest remixes."""

    clip = serializers.UUIDField()
    root = ClipReferenceSerializer(allow_null=True)
    ancestors = AncestorSerializer(
        many=True, help_text=f"Nearest first, {DEPTH_MAX} generations at most."
    )
    children = ChildSerializer(
        many=True, help_text=f"The newest {CHILDREN_MAX}; /clips/{{id}}/remixes has all."
    )
    count = serializers.IntegerField(help_text="Published remixes, whether I may see them or not.")
