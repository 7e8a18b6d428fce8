"""Running the checks against one server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from engine.conformance.checks import CHECKS
from engine.conformance.session import Failed, Options, Session

Verdict = Literal["ok", "FAILED", "not offered"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check came to."""

    sentence: str
    verdict: Verdict
    reason: str = ""

    def __str__(self) -> str:
        """One line."""
        return f"{self.verdict:<13}{self.sentence}" + (f": {self.reason}" if self.reason else "")


def run(options: Options, is_wanted: Callable[[str], bool] = lambda _: True) -> Iterator[Outcome]:
    """Run the checks whose sentences are wanted, and delete afterwards what they made."""
    session = Session(options)
    try:
        for check in CHECKS:
            if not is_wanted(check.sentence):
                continue
            if not check.is_offered(session):
                yield Outcome(check.sentence, "not offered")
                continue
            try:
                check.run(session)
            except Failed as failed:
                yield Outcome(check.sentence, "FAILED", str(failed))
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                reason = str(Failed("an answer of the dialect's shape", repr(error)))
                yield Outcome(check.sentence, "FAILED", reason)
            else:
                yield Outcome(check.sentence, "ok")
    finally:
        session.close()
