"""Guardian links: a ward asks, the guardian answers and grants, either side ends it.

Every write holds the pair first and then the ward's row: a block, a second ask, a second answer and
the other guardian's word wait for it.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.errors import (
    GuardianNotPossible,
    GuardianshipAnswered,
    GuardianshipNotAnswered,
    GuardianshipNotFound,
    NotAWard,
    NotToYourself,
    TooManyGuardianAsks,
    TooManyGuardians,
    UserNotFound,
)
from accounts.models import Guardianship, GuardianshipState, User
from accounts.models.guardianship import GuardianshipQuerySet
from accounts.policy import (
    ASKS_PER_DAY_MAX,
    GUARDIANS_MAX,
    is_fit_guardian,
    is_same_mailbox,
    is_ward,
)
from accounts.selectors import inviter_of, visible_users
from accounts.services.locks import hold_pair
from accounts.signals import guardian_grant_changed, guardianship_changed

DAY = timedelta(days=1)


def ask_guardian(*, ward: User, username: str) -> Guardianship:
    """Ask an adult to be the ward's guardian, and tell them.

    Asking again while the link is open changes nothing and returns it.

    Raises:
        NotAWard: who asks is not under 18 by a date of birth.
        UserNotFound: no such user, or one of the two blocks the other.
        NotToYourself: it is the ward.
        GuardianNotPossible: they cannot be this ward's guardian; why is not told.
        TooManyGuardians: the ward has two guardians or has asked two.
        TooManyGuardianAsks: the ward asked five times within a day.
    """
    if not is_ward(ward, today=timezone.now().date()):
        raise NotAWard
    with transaction.atomic():
        guardian = _askable(ward, username)
        _hold(ward.pk, guardian.pk)
        # Read again under the lock: a block that came first has taken its effect by now.
        if not visible_users(ward).filter(pk=guardian.pk).exists():
            raise UserNotFound(field="username")
        open_links = Guardianship.objects.open().filter(ward=ward)
        link = open_links.filter(guardian=guardian).first()
        if link is not None:
            return link
        _ensure_fit(guardian, ward)
        _ensure_room(ward, open_links)
        link = Guardianship.objects.create(ward=ward, guardian=guardian)
        _tell(guardian.pk, "asked", link)
    return link


def answer_ward(*, guardian: User, username: str, accept: bool) -> Guardianship:
    """Accept or decline to be a ward's guardian, and tell the ward. Accepting twice is harmless.

    Accepting grants nothing yet. Of two answers at once one is second.

    Raises:
        GuardianshipNotFound: that user does not ask (any more).
        GuardianshipAnswered: declined what was accepted; ending it is another call.
        GuardianNotPossible: accepted by who cannot be this ward's guardian (any more).
    """
    with transaction.atomic():
        link = _hold_open(_with_ward(guardian, username))
        if link.state == GuardianshipState.ACTIVE:
            if accept:
                return link
            raise GuardianshipAnswered
        if accept:
            _ensure_fit(guardian, link.ward)
        link.answered_at = timezone.now()
        if accept:
            link.state = GuardianshipState.ACTIVE
        else:
            link.state, link.ended_at = GuardianshipState.ENDED, link.answered_at
        link.save(update_fields=["state", "answered_at", "ended_at"])
        _tell(link.ward_id, "answered", link)
    return link


def set_grant(*, guardian: User, username: str, may_enrol_cameo: bool) -> Guardianship:
    """Say whether a ward may enrol their likeness, and tell the ward and the apps above.

    Setting what is set changes nothing and tells nobody.

    Raises:
        GuardianshipNotFound: that user is no ward of the guardian's (any more).
        GuardianshipNotAnswered: the guardian has not accepted yet.
    """
    with transaction.atomic():
        link = _hold_open(_with_ward(guardian, username))
        if link.state != GuardianshipState.ACTIVE:
            raise GuardianshipNotAnswered
        if link.may_enrol_cameo == may_enrol_cameo:
            return link
        link.may_enrol_cameo = may_enrol_cameo
        link.save(update_fields=["may_enrol_cameo"])
        _tell_grant(link)
        _tell(link.ward_id, "grant_changed", link)
    return link


def leave_guardian(*, ward: User, username: str) -> None:
    """End the ward's link to a guardian, with what was granted; ending twice is harmless.

    Raises:
        GuardianshipNotFound: the ward never asked that user.
    """
    _end_one(Guardianship.objects.filter(ward=ward, guardian__username=username.lower()), ward.pk)


def leave_ward(*, guardian: User, username: str) -> None:
    """End the guardian's link to a ward, with what was granted; ending twice is harmless.

    Raises:
        GuardianshipNotFound: that user never asked the guardian.
    """
    _end_one(_with_ward(guardian, username), guardian.pk)


def end_links_between(*, by: UUID, other: UUID) -> None:
    """End the open link of two people, whoever is the ward, as a block does.

    Call it in a transaction that holds the pair.
    """
    pair = Q(ward_id=by, guardian_id=other) | Q(ward_id=other, guardian_id=by)
    for ward_id in Guardianship.objects.open().filter(pair).values_list("ward_id", flat=True):
        _hold_ward(ward_id)
        for link in _with_people(Guardianship.objects.open().filter(pair, ward_id=ward_id)):
            _end(link, by=by)


def _askable(ward: User, username: str) -> User:
    guardian = visible_users(ward).filter(username=username.lower()).first()
    if guardian is None:
        raise UserNotFound(field="username")
    if guardian.pk == ward.pk:
        raise NotToYourself("You cannot be your own guardian.", field="username")
    return guardian


def _ensure_fit(guardian: User, ward: User) -> None:
    """Refuse who is no adult in good standing, and what looks like the ward's second account.

    Raises:
        GuardianNotPossible: for one reason or another; telling which would tell a stranger's age.
    """
    inviter = inviter_of(guardian.pk)
    if (
        not is_fit_guardian(guardian, today=timezone.now().date())
        or is_same_mailbox(guardian.email, ward.email)
        or (inviter is not None and inviter.pk == ward.pk)
    ):
        raise GuardianNotPossible(field="username")


def _ensure_room(ward: User, open_links: GuardianshipQuerySet) -> None:
    """Count what the ward has and asked for; their row is locked, so nobody counts beside us.

    Raises:
        TooManyGuardians: two are open.
        TooManyGuardianAsks: five were made within a day.
    """
    if open_links.count() >= GUARDIANS_MAX:
        raise TooManyGuardians(limit=GUARDIANS_MAX)
    lately = Guardianship.objects.filter(ward=ward, created_at__gt=timezone.now() - DAY)
    if lately.count() >= ASKS_PER_DAY_MAX:
        raise TooManyGuardianAsks(limit=ASKS_PER_DAY_MAX)


def _with_ward(guardian: User, username: str) -> GuardianshipQuerySet:
    return Guardianship.objects.filter(guardian=guardian, ward__username=username.lower())


def _with_people(links: GuardianshipQuerySet) -> GuardianshipQuerySet:
    return links.select_related("ward", "guardian")


def _hold_open(links: GuardianshipQuerySet) -> Guardianship:
    """Return the open one of a pair's links, with the pair and the ward held.

    Raises:
        GuardianshipNotFound: none is open.
    """
    pair = links.values_list("ward_id", "guardian_id").first()
    if pair is None:
        raise GuardianshipNotFound
    _hold(*pair)
    link = _with_people(links.open()).first()
    if link is None:
        raise GuardianshipNotFound
    return link


def _hold(ward_id: UUID, guardian_id: UUID) -> None:
    hold_pair(ward_id, guardian_id)
    _hold_ward(ward_id)


def _hold_ward(ward_id: UUID) -> None:
    User.objects.select_for_update(no_key=True).get(pk=ward_id)


def _end_one(links: GuardianshipQuerySet, by: UUID) -> None:
    with transaction.atomic():
        try:
            link = _hold_open(links)
        except GuardianshipNotFound:
            if links.exists():
                return
            raise
        _end(link, by=by)


def _end(link: Guardianship, *, by: UUID) -> None:
    was_granted = link.may_enrol_cameo
    link.state, link.ended_at = GuardianshipState.ENDED, timezone.now()
    link.may_enrol_cameo = False
    link.save(update_fields=["state", "ended_at", "may_enrol_cameo"])
    if was_granted:
        _tell_grant(link)
    _tell(link.guardian_id if by == link.ward_id else link.ward_id, "ended", link)


def _tell(user_id: UUID, what: str, link: Guardianship) -> None:
    other = link.guardian if user_id == link.ward_id else link.ward
    guardianship_changed.send(
        sender=Guardianship,
        user_id=user_id,
        what=what,
        other=other.username,
        state=str(link.state),
        may_enrol_cameo=link.may_enrol_cameo,
    )


def _tell_grant(link: Guardianship) -> None:
    granting = Guardianship.objects.granting().filter(ward_id=link.ward_id)
    guardian_grant_changed.send(
        sender=Guardianship,
        ward_id=link.ward_id,
        guardian_id=link.guardian_id,
        may_enrol_cameo=granting.exists(),
    )
