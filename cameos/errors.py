"""What can go wrong with a likeness and its terms."""

from __future__ import annotations

from core.errors import Forbidden, NotFound


class CameoNotFound(NotFound):
    """No cameo has this handle, or none that who asks may see."""

    code = "cameo_not_found"
    title = "There is no such cameo."


class CameoNotPermitted(Forbidden):
    """The terms of a cameo do not permit this use.

    `cameo` is its handle, `reason` a code of `cameos.policy.permission` (`unknown` also for cameos
    that are not visible), `rule` the restriction that was violated.
    """

    code = "cameo_not_permitted"
    title = "The cameo's owner does not permit this use."
