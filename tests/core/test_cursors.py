"""Pages that neither repeat nor skip, and cursors that only fit their list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import signing
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.models import User
from core.cursors import LIMIT_DEFAULT, LIMIT_MAX, page_of
from core.errors import BadCursor, InvalidField

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = ("created_at", "id")


def insert(count, *, at=START, prefix="row"):
    """Insert users; every three share one instant, so that the id has to break ties."""
    rows = User.objects.bulk_create(
        [User(username=f"{prefix}{i}", email=f"{prefix}{i}@example.org") for i in range(count)]
    )
    for i, row in enumerate(rows):
        row.created_at = at + timedelta(seconds=i // 3)
    User.objects.bulk_update(rows, ["created_at"])
    return rows


def page(context="all", keys=KEYS, rows=None, **query):
    request = Request(APIRequestFactory().get("/", query))
    rows = User.objects.all() if rows is None else rows
    return page_of(rows, request=request, keys=keys, context=context)


def read_on(cursor, *, limit=20):
    seen = []
    while cursor is not None:
        got = page(cursor=cursor, limit=limit)
        seen += got.rows
        cursor = got.next
    return seen


def test_1000_rows_inserted_between_pages_repeat_and_skip_nothing():
    before = insert(100)
    first = page(limit=20)
    insert(500, at=START + timedelta(days=1), prefix="newer")
    insert(500, at=START - timedelta(days=1), prefix="older")
    seen = first.rows + read_on(first.next, limit=50)
    ids = [row.pk for row in seen]
    assert len(set(ids)) == len(ids) == 600  # the newer ones belong before the first page
    assert {row.pk for row in before} <= set(ids)
    assert [(row.created_at, row.pk) for row in seen] == sorted(
        ((row.created_at, row.pk) for row in seen), reverse=True
    )


def test_deleting_the_cursors_own_row_skips_nothing():
    insert(10)
    first = page(limit=4)
    expected = [row.pk for row in page(limit=10).rows][4:]
    first.rows[-1].delete()
    assert [row.pk for row in read_on(first.next)] == expected


def test_the_last_page_has_no_next_also_when_it_is_full():
    insert(4)
    first = page(limit=2)
    last = page(limit=2, cursor=first.next)
    assert (len(first.rows), len(last.rows), last.next) == (2, 2, None)
    assert page(rows=User.objects.none()).next is None


def test_limits():
    insert(LIMIT_MAX + 5)
    assert len(page().rows) == LIMIT_DEFAULT
    assert len(page(limit=LIMIT_MAX + 1).rows) == LIMIT_MAX
    assert len(page(limit="9" * 400).rows) == LIMIT_MAX
    assert len(page(limit=1).rows) == 1


@pytest.mark.parametrize("limit", ["0", "-1", "", "ten", "1.5", "٣", "1e3", " 1"])
def test_a_bad_limit_is_named(limit):
    with pytest.raises(InvalidField) as raised:
        page(limit=limit)
    assert (raised.value.field, raised.value.status) == ("limit", 422)


SIGNED_ELSEWHERE = pytest.param(signing.dumps(["x"]), id="signed elsewhere")  # the time is in it


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "a:b:c", "\x00", "é", SIGNED_ELSEWHERE, "x" * 5000]
)
def test_a_forged_cursor_is_refused(cursor):
    insert(3)
    with pytest.raises(BadCursor) as raised:
        page(cursor=cursor)
    assert (raised.value.code, raised.value.status) == ("bad_cursor", 400)


def test_a_cursor_of_another_list_or_of_other_keys_is_refused():
    insert(3)
    cursor = page(limit=1).next
    with pytest.raises(BadCursor):
        page(cursor=cursor, context="another")
    with pytest.raises(BadCursor):
        page(cursor=cursor, keys=("id",))


def test_a_cursor_with_one_letter_changed_is_refused():
    insert(3)
    cursor = page(limit=1).next
    changed = cursor[:5] + ("A" if cursor[5] != "A" else "B") + cursor[6:]
    with pytest.raises(BadCursor):
        page(cursor=changed)
