"""What came from what: the edges of the lineage, a directed graph without cycles."""

from __future__ import annotations

from django.db import models

from core.ids import new_id


class EdgeKind(models.TextChoices):
    """How a clip was made from another."""

    REMIX = "remix"  # a new prompt that starts from the parent
    EXTEND = "extend"  # goes on where the parent ends
    RESTYLE = "restyle"  # the parent's content in another look


class Edge(models.Model):
    """One clip was made from another; written with the child and never changed.

    A clip is remixed only once it is published, and gets its own parents only while it is a draft:
    so no path leads back to where it began.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    child = models.ForeignKey("feed.Clip", models.CASCADE, related_name="+")
    parent = models.ForeignKey("feed.Clip", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=EdgeKind)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["child", "parent"], name="edge_once"),
            models.CheckConstraint(
                condition=~models.Q(child=models.F("parent")), name="edge_to_another_clip"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.child_id} is a {self.kind} of {self.parent_id}"
