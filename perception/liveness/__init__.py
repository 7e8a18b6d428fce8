"""Liveness: does a capture show one living person who does and says what they were asked just now.

A challenge is drawn for each attempt: digits to say, turns of the head in an order. A capture is
verified against it in a child process of its own, since it comes from strangers. This is a defence
against photographs, screens and recordings of somebody else; docs/likeness.md says what it does
not stop.
"""

from __future__ import annotations

from perception.liveness.challenge import Challenge, Turn, new_challenge
from perception.liveness.report import REASONS, CaptureReport
from perception.liveness.sandbox import SandboxLimits, verify_sandboxed
from perception.liveness.verify import verify_capture

__all__ = [
    "REASONS",
    "CaptureReport",
    "Challenge",
    "SandboxLimits",
    "Turn",
    "new_challenge",
    "verify_capture",
    "verify_sandboxed",
]
