from accounts.models.graph import Block, Follow, Mute
from accounts.models.guardianship import Guardianship, GuardianshipState
from accounts.models.invite import Invite, InviteRedemption
from accounts.models.user import User
from accounts.models.waitlist import WaitlistEntry

__all__ = [
    "Block",
    "Follow",
    "Guardianship",
    "GuardianshipState",
    "Invite",
    "InviteRedemption",
    "Mute",
    "User",
    "WaitlistEntry",
]
