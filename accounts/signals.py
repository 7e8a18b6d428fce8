"""What accounts tell the apps above them, inside the transaction that does it."""

from __future__ import annotations

from django.dispatch import Signal

# A person is to be told of a guardian link of theirs: user_id (UUID), what ("asked", "answered",
# "grant_changed", "ended"), other (the other side's username), state, may_enrol_cameo (bool).
guardianship_changed = Signal()

# What a ward's guardians allow changed: ward_id (UUID), guardian_id (UUID, whose word it was),
# may_enrol_cameo (bool: whether any of them allows it now). It may be told again unchanged. It does
# not tell what time and operators do (a birthday, a guardian suspended or deleted): whoever acts on
# a likeness asks `accounts.selectors.likeness_standing` then.
guardian_grant_changed = Signal()
