"""What an operator may be told no for, beside what each app says itself."""

from __future__ import annotations

from core.errors import Forbidden, InvalidField


class NotAnOperator(Forbidden):
    """Who asks is signed in and does not run this instance."""

    code = "not_an_operator"
    title = "Only operators of this instance may do this."


class UnknownAction(InvalidField):
    """No button of the page sends this."""

    code = "unknown_action"
    title = "There is no such action."
