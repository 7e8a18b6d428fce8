"""Numbers as the page writes them, and the mark that says which metric a number is."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ops.words import NOTHING, count, decimal, seconds, share

register = template.Library()
_FORMS = {"count": count, "seconds": seconds, "decimal": decimal}
for _filter in (count, seconds, decimal, share):
    register.filter(_filter)


@register.simple_tag
def figure(metric: str, value: float | None, form: str = "count", **labels: str) -> SafeString:
    """Write a number that `/metrics` has too: `{% figure "name" value "seconds" engine=… %}`.

    The element says which sample it is, so that a test holds the two together.
    """
    if value is None:
        return format_html("<span>{}</span>", NOTHING)
    return format_html(
        '<data value="{}" data-metric="{}">{}</data>',
        repr(float(value)),
        metric_key(metric, labels),
        _FORMS[form](value),
    )


def metric_key(name: str, labels: Mapping[str, str]) -> str:
    """Return a sample's name with its labels in order."""
    return f"{name}{json.dumps(dict(sorted(labels.items())), ensure_ascii=False)}"
