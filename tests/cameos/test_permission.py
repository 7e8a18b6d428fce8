"""The decision table, every cell, against a second statement of the rules."""

from __future__ import annotations

import itertools
from collections import Counter

from cameos.models import Audience, CameoKind, CameoState, CosignState
from cameos.models import Outcome as StoredOutcome
from cameos.policy.permission import SENTENCES, Outcome, Reason, Relation, Terms, decide

# Who is in the audience: y or n. Columns: stranger and mutual, each on no list, the allow list and
# the deny list.
AUDIENCES = """
           stranger           mutual
           none allow deny    none allow deny
only_me    n    n     n       n    n     n
approved   n    y     n       n    y     n
mutuals    n    y     n       y    y     n
everyone   y    y     n       y    y     n
"""
# With ask_me, by where the co-sign stands.
COSIGNS = {
    None: ("asked", "needs_cosign"),
    "asked": ("asked", "needs_cosign"),
    "approved": ("allowed", "cosigned"),
    "denied": ("denied", "cosign_denied"),
    "expired": ("denied", "cosign_expired"),
    "dropped": ("asked", "needs_cosign"),
}
STATES = {
    "checking": "not_active",
    "active": None,
    "frozen": "frozen",
    "refused": "not_active",
    "revoked": "revoked",
}
KINDS = {"person": None, "character": None, "protected": "protected", "listed": "protected"}
LISTED = {"none": None, "allow": True, "deny": False}


def in_audience():
    lines = [line.split() for line in AUDIENCES.strip().split("\n")]
    lists = lines[1]
    cells = {}
    for audience, *marks in lines[2:]:
        for at, mark in enumerate(marks):
            cells[audience, at >= 3, LISTED[lists[at]]] = mark == "y"
    return cells


IN_AUDIENCE = in_audience()


def expected(kind, state, withdrawn, owner, blocked, paused, who, broken, ask_me, cosign):  # noqa: PLR0917
    """Collect everything that speaks against the use, then name the gravest."""
    against = {
        0: KINDS[kind],
        1: STATES[state],
        2: "withdrawn" if withdrawn else None,
    }
    if not owner:
        against |= {
            3: "unknown" if blocked else None,
            4: "paused" if paused else None,
            5: None if IN_AUDIENCE[who] else "not_in_audience",
            6: "restricted" if broken else None,
        }
    found = [reason for _, reason in sorted(against.items()) if reason]
    if found:
        return "denied", found[0]
    if owner:
        return "allowed", "owner"
    return COSIGNS[cosign] if ask_me else ("allowed", "")


def cells():
    yes_no = (False, True)
    whos = sorted(IN_AUDIENCE, key=str)
    return itertools.product(
        KINDS, STATES, yes_no, yes_no, yes_no, yes_no, whos, yes_no, yes_no, COSIGNS
    )


def test_every_cell_has_the_outcome_and_reason_that_the_rules_say():
    wrong, seen = [], Counter()
    for cell in cells():
        kind, state, withdrawn, owner, blocked, paused, who, broken, ask_me, cosign = cell
        audience, mutual, listed = who
        verdict = decide(
            Terms(kind=kind, state=state, audience=audience, ask_me=ask_me, is_paused=paused),
            Relation(is_owner=owner, is_blocked=blocked, is_mutual=mutual, listed=listed),
            broken_rule="no_politics" if broken else None,
            cosign=cosign,
            is_withdrawn=withdrawn,
        )
        outcome, reason = expected(*cell)
        seen[outcome, reason] += 1
        rule = "no_politics" if reason == "restricted" else ""
        if (verdict.outcome, verdict.reason, verdict.rule) != (outcome, reason, rule):
            wrong.append((cell, verdict))
    assert wrong == []
    assert sum(seen.values()) == 4 * 5 * 2**4 * 24 * 2 * 2 * 6 == 184_320
    assert {reason for _, reason in seen} == {reason.value for reason in Reason}


def test_the_table_knows_every_value_that_the_rows_may_have():
    assert {audience for audience, _, _ in IN_AUDIENCE} == set(Audience.values)
    assert set(KINDS) == set(CameoKind.values)
    assert set(STATES) == set(CameoState.values)
    assert set(COSIGNS) - {None} == set(CosignState.values)
    assert {outcome.value for outcome in Outcome} == set(StoredOutcome.values)


def test_people_get_a_sentence_for_everything_that_stops_them():
    silent = {Reason.OWNER, Reason.COSIGNED, Reason.PERMITTED}
    assert set(SENTENCES) == set(Reason) - silent
