"""Every write to accounts, invites, guardians and the social graph."""

from accounts.services.graph import block, follow, mute, unblock, unfollow, unmute
from accounts.services.guardians import (
    answer_ward,
    ask_guardian,
    leave_guardian,
    leave_ward,
    set_grant,
)
from accounts.services.invites import create_invite, redeem_invite, revoke_invite
from accounts.services.people import end_sessions, grant_role, sign_up, update_profile
from accounts.services.waitlist import join_waitlist, release_waitlist

__all__ = [
    "answer_ward",
    "ask_guardian",
    "block",
    "create_invite",
    "end_sessions",
    "follow",
    "grant_role",
    "join_waitlist",
    "leave_guardian",
    "leave_ward",
    "mute",
    "redeem_invite",
    "release_waitlist",
    "revoke_invite",
    "set_grant",
    "sign_up",
    "unblock",
    "unfollow",
    "unmute",
    "update_profile",
]
