"""People, invites, guardians and the waitlist for the operator and moderators."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.models import Guardianship, Invite, User, WaitlistEntry
from accounts.policy import is_moderator
from accounts.selectors import invited_by, inviter_of
from core.errors import DomainError


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


class DecidingAdmin(ModeratorAdmin):
    """Rows that moderators decide on, one at a time, on a page of their own.

    The page is the template `admin/<app>/<model>/decide.html`: it gets the row under its model's
    name or `called`, the form, and `facts_of`.
    """

    actions = None
    called: ClassVar[str] = ""  # empty: the model's name

    def form_of(self, row: Any, data: QueryDict | None) -> forms.Form:
        """Return the form of what can be decided."""
        raise NotImplementedError

    def facts_of(self, row: Any) -> dict[str, Any]:
        """Return what else the page shows."""
        return {}

    def carry_out(self, request: HttpRequest, row: Any, form: forms.Form) -> str:
        """Carry out what a valid form says, and return what was done in a line of the record.

        Raises:
            DomainError: it cannot be done; the form says so.
        """
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one row and take the decision on it.

        Raises:
            Http404: who asks is no moderator, or there is no such row.
        """
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        form = self.form_of(row, request.POST or None)
        app, model = self.opts.app_label, str(self.opts.model_name)
        if request.method == "POST" and form.is_valid() and self._is_done(request, row, form):
            return HttpResponseRedirect(reverse(f"admin:{app}_{model}_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": str(self.opts.verbose_name).capitalize(),
            "opts": self.opts,
            self.called or model: row,
            "form": form,
            **self.facts_of(row),
            **(extra_context or {}),
        }
        return TemplateResponse(request, f"admin/{app}/{model}/decide.html", context)

    def _is_done(self, request: HttpRequest, row: Any, form: forms.Form) -> bool:
        try:
            done = self.carry_out(request, row, form)
        except DomainError as error:
            form.add_error(None, error.detail)
            return False
        self.log_change(request, row, done)
        messages.success(request, f"Done: {done.partition(':')[0]}.")
        return True


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
