"""Hold every sum that is kept against the rows it is a sum of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

# Each is one statement, which sees one moment: work that goes on meanwhile makes no difference.
# Rows are: whose, what is kept, what it should be.
_CHECKS = {
    "postings of a transaction do not sum to zero": """
        SELECT transaction_id, sum(amount), 0 FROM credits_posting
        GROUP BY transaction_id HAVING sum(amount) <> 0
    """,
    "a transaction has fewer than two postings": """
        SELECT t.id, count(p.id), 2 FROM credits_transaction t
        LEFT JOIN credits_posting p ON p.transaction_id = t.id
        GROUP BY t.id HAVING count(p.id) < 2
    """,
    "a wallet's available credits are not its postings'": """
        SELECT w.id, w.available, coalesce(sum(p.amount), 0) FROM credits_wallet w
        LEFT JOIN credits_posting p ON p.wallet_id = w.id AND p.account = 'available'
        GROUP BY w.id HAVING w.available <> coalesce(sum(p.amount), 0)
    """,
    "a wallet's held credits are not its postings'": """
        SELECT w.id, w.held, coalesce(sum(p.amount), 0) FROM credits_wallet w
        LEFT JOIN credits_posting p ON p.wallet_id = w.id AND p.account = 'held'
        GROUP BY w.id HAVING w.held <> coalesce(sum(p.amount), 0)
    """,
    "a wallet's available credits are not its lots'": """
        SELECT w.id, w.available, coalesce(sum(l.remaining), 0) FROM credits_wallet w
        LEFT JOIN credits_lot l ON l.wallet_id = w.id
        GROUP BY w.id HAVING w.available <> coalesce(sum(l.remaining), 0)
    """,
    "a wallet's held credits are not its open holds'": """
        SELECT w.id, w.held, coalesce(sum(h.amount), 0) FROM credits_wallet w
        LEFT JOIN credits_hold h ON h.wallet_id = w.id AND h.state = 'held'
        GROUP BY w.id HAVING w.held <> coalesce(sum(h.amount), 0)
    """,
    "a hold's amount is not its parts'": """
        SELECT h.id, h.amount, coalesce(sum(p.amount), 0) FROM credits_hold h
        LEFT JOIN credits_holdpart p ON p.hold_id = h.id
        GROUP BY h.id HAVING h.amount <> coalesce(sum(p.amount), 0)
    """,
    "what a hold cost is not what its parts cost": """
        SELECT h.id, h.settled, coalesce(sum(p.spent), 0) FROM credits_hold h
        LEFT JOIN credits_holdpart p ON p.hold_id = h.id
        GROUP BY h.id HAVING h.settled <> coalesce(sum(p.spent), 0)
    """,
}


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something in the books that does not add up: the row, what it says, what it should say."""

    what: str
    subject: str
    found: int
    expected: int

    def __str__(self) -> str:
        return f"{self.what}: {self.subject} has {self.found}, not {self.expected}"


def reconcile() -> list[Discrepancy]:
    """Return everything in the books that does not add up; an empty list is what is expected.

    Reads every row of the ledger and changes none; safe while people spend.
    """
    return list(_discrepancies())


def _discrepancies() -> Iterator[Discrepancy]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")  # a whole ledger takes its time
        for what, sql in _CHECKS.items():
            cursor.execute(sql)
            for subject, found, expected in cursor.fetchall():
                yield Discrepancy(what, str(subject), int(found), int(expected))
