"""The consent log: appended to, never changed, and found out when it was."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from cameos.custody import Head, head, record, verify_chain
from cameos.models import ConsentEntry
from core.ids import new_id
from tests.racing import race

WHO = new_id()


@pytest.fixture
def log(db):
    for n in range(5):
        record("given", subject_id=WHO, version="2026-11", n=n, share=0.1, who=new_id())
    return head()


def tamper(sql, *parameters):
    """Change the log as somebody would who owns the database."""
    table = "cameos_consententry"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_is_final")
        cursor.execute(sql, parameters)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_is_final")


def test_lines_follow_each_other(log):
    assert log.sequence == 5
    lines = list(ConsentEntry.objects.order_by("sequence"))
    assert [line.sequence for line in lines] == [1, 2, 3, 4, 5]
    assert [line.previous_hash for line in lines[1:]] == [line.hash for line in lines[:-1]]
    assert lines[0].data["n"] == 0
    assert verify_chain() is None
    assert verify_chain(kept=log) is None


@pytest.mark.parametrize("change", ["UPDATE cameos_consententry SET data = '{}'", "DELETE FROM"])
def test_the_database_refuses_changes(log, change):
    sql = change if "UPDATE" in change else f"{change} cameos_consententry"
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        connection.cursor().execute(sql)
    assert verify_chain() is None


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE cameos_consententry SET data = '{\"n\": 9}' WHERE sequence = 3", 3),
        ("UPDATE cameos_consententry SET event = 'revoked' WHERE sequence = 3", 3),
        ("UPDATE cameos_consententry SET subject_id = gen_random_uuid() WHERE sequence = 2", 2),
        ("UPDATE cameos_consententry SET created_at = now() WHERE sequence = 5", 5),
        ("UPDATE cameos_consententry SET hash = repeat('0', 64) WHERE sequence = 2", 2),
        ("UPDATE cameos_consententry SET sequence = 9 WHERE sequence = 5", 5),
        ("DELETE FROM cameos_consententry WHERE sequence = 1", 1),
        ("DELETE FROM cameos_consententry WHERE sequence = 4", 4),
    ],
)  # fmt: skip
def test_what_was_changed_nonetheless_is_found(log, sql, found):
    tamper(sql)
    assert verify_chain() == found


def test_a_cut_off_end_is_found_by_a_head_that_was_kept(log):
    tamper("DELETE FROM cameos_consententry WHERE sequence > 3")
    assert verify_chain() is None
    assert verify_chain(kept=log) == 4
    assert verify_chain(kept=Head(3, "0" * 64)) == 3


def test_nothing_of_a_transaction_that_failed_is_logged(log):
    with transaction.atomic():
        record("given", subject_id=WHO)
        transaction.set_rollback(True)
    assert head() == log


def test_an_unknown_event_is_refused(log):
    with pytest.raises(ValueError, match="forgotten"):
        record("forgotten", subject_id=WHO)


@pytest.mark.django_db(transaction=True)
def test_lines_written_at_once_make_one_chain():
    race(lambda n: record("given", subject_id=WHO, n=n), times=12)
    assert head().sequence == 12
    assert verify_chain() is None
