"""The operator's commands."""

from __future__ import annotations

import re

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Invite
from accounts.policy import is_moderator
from accounts.services import join_waitlist

pytestmark = pytest.mark.django_db


def test_invite_prints_a_code_and_nothing_else(capsys):
    call_command("invite", "--uses", "7", "--days", "2")
    out = capsys.readouterr()
    assert re.fullmatch(r"[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}\n", out.out)
    assert out.err == ""
    invite = Invite.objects.get()
    assert (invite.uses, invite.created_by) == (7, None)
    assert (invite.expires_at - invite.created_at).days in {1, 2}


@pytest.mark.parametrize("arguments", [["--uses", "0"], ["--uses", "-1"], ["--days", "0"]])
def test_invite_refuses_numbers_that_make_no_sense(arguments):
    with pytest.raises(CommandError, match="number from 1"):
        call_command("invite", *arguments)
    assert not Invite.objects.exists()


def test_staff_makes_a_moderator(make_user, capsys):
    user = make_user("ada")
    call_command("staff", "Ada", "--role", "moderator")
    user.refresh_from_db()
    assert is_moderator(user)
    assert not user.is_superuser
    assert capsys.readouterr().out == "@ada is moderator\n"


def test_staff_of_nobody_fails():
    with pytest.raises(CommandError, match="no user 'nobody'"):
        call_command("staff", "nobody", "--role", "admin")


def test_waitlist_tells_how_many_wait_and_releases(capsys, mailoutbox):
    join_waitlist(email="ada@example.org")
    join_waitlist(email="bob@example.org")
    call_command("waitlist")
    call_command("waitlist", "release", "1")
    call_command("waitlist")
    assert capsys.readouterr().out == "2 waiting\n1 mailed\n1 waiting\n"
    assert [message.to for message in mailoutbox] == [["ada@example.org"]]
    with pytest.raises(CommandError):
        call_command("waitlist", "release")
