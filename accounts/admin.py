"""People, invites, guardians and the waitlist for the operator and moderators."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Guardianship, Invite, User, WaitlistEntry
from accounts.policy import is_moderator
from accounts.selectors import invited_by, inviter_of


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # a type in the stubs alone
    """Shows; what changes these goes through the services."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted by hand."""
        return False


class ModeratorAdmin(ReadOnlyAdmin):
    """Rows that moderators read and nobody edits; rights come from the role alone."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the section to moderators."""
        return is_moderator(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let moderators read."""
        return is_moderator(request.user)


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An account: suspend it, switch it off, see who invited whom."""

    list_display = ("username", "email", "created_at", "suspended_until", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("username", "email")
    fields = (
        "username",
        "email",
        "display_name",
        "bio",
        "created_at",
        "invited_by",
        "invited",
        "birth_date",
        "suspended_until",
        "is_active",
    )
    readonly_fields = fields[:7]

    @admin.display(description="invited by")
    def invited_by(self, user: User) -> str:
        """Name who invited the user."""
        return str(inviter_of(user.pk) or "the operator")

    @admin.display(description="invited")
    def invited(self, user: User) -> str:
        """Name whom the user invited."""
        return ", ".join(str(each) for each in invited_by(user.pk)) or "nobody"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People come in by invite."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Deleting an account takes its media along, which a row's deletion would not."""
        return False


@admin.register(Invite)
class InviteAdmin(ReadOnlyAdmin):
    """Invites and how many places they have left."""

    list_display = ("id", "created_by", "uses", "uses_left", "state", "created_at", "expires_at")


@admin.register(WaitlistEntry)
class WaitlistAdmin(ReadOnlyAdmin):
    """Who waits; `manage.py waitlist release K` lets them in."""

    list_display = ("email", "created_at", "invited_at", "mailed_at")


@admin.register(Guardianship)
class GuardianshipAdmin(ReadOnlyAdmin):
    """Who looks after whom, ended links too."""

    list_display = (
        "ward",
        "guardian",
        "state",
        "may_enrol_cameo",
        "created_at",
        "answered_at",
        "ended_at",
    )
    list_filter = ("state", "may_enrol_cameo")
    list_select_related = ("ward", "guardian")
    search_fields = ("ward__username", "guardian__username")
