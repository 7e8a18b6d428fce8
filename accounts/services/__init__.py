"""Every write to accounts, invites and the social graph."""

from accounts.services.graph import block, follow, mute, unblock, unfollow, unmute
from accounts.services.invites import create_invite, redeem_invite, revoke_invite
from accounts.services.people import end_sessions, grant_role, sign_up, update_profile
from accounts.services.waitlist import join_waitlist, release_waitlist

__all__ = [
    "block",
    "create_invite",
    "end_sessions",
    "follow",
    "grant_role",
    "join_waitlist",
    "mute",
    "redeem_invite",
    "release_waitlist",
    "revoke_invite",
    "sign_up",
    "unblock",
    "unfollow",
    "unmute",
    "update_profile",
]
