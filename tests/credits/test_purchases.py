"""What payment providers tell: once, in any order, and for one account."""

from __future__ import annotations

import itertools
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from credits.errors import ProductUnknown, PurchaserUnknown, PurchaseTaken
from credits.models import Lot, Purchase, Subscription, Wallet
from credits.policy.loaded import FOLDER
from credits.policy.periods import months_later
from credits.providers.events import PurchaseEvent
from credits.providers.registry import forget_providers
from credits.selectors import balance_of, plan_of
from credits.services import credit_purchase, hold, reconcile, refund, release, settle
from notifications.models import Event
from tests.credits.conftest import NOON
from tests.credits.providers import stores
from tests.fakes.payments import SIGNATURE, Till
from tests.racing import race

pytestmark = pytest.mark.django_db
SMALL, PLUS, PRO = "vignette_pack_small", "vignette_plus_monthly", "vignette_pro_monthly"


def event(kind, transaction_id="t1", *, user=None, original_id="", product_id="", **facts):
    return PurchaseEvent(
        provider="stripe",
        kind=kind,
        transaction_id=transaction_id,
        original_id=original_id or transaction_id,
        user_id=user and user.pk,
        product_id=product_id,
        quantity=facts.get("quantity", 1),
        expires_at=facts.get("expires_at"),
        occurred_at=facts.get("occurred_at", NOON),
    )


def pack(user, transaction_id="t1", **facts):
    return event("purchased", transaction_id, user=user, product_id=SMALL, **facts)


def period(user, transaction_id, *, days=30, since=0, product_id=PLUS, **facts):
    """A paid period of the subscription `sub`, in days from noon."""
    return event(
        "subscribed",
        transaction_id,
        user=user,
        original_id="sub",
        product_id=product_id,
        occurred_at=NOON + timedelta(days=since),
        expires_at=None if days is None else NOON + timedelta(days=since + days),
        **facts,
    )


def ended(at, transaction_id="sub"):
    when = NOON + timedelta(days=at)
    return event("subscription_ended", transaction_id, original_id="sub", occurred_at=when)


def bought(user):
    lots = Lot.objects.filter(wallet__user=user, source="purchase")
    return sum(lot.remaining for lot in lots)


def test_a_pack_is_credited_once_lasts_a_year_and_is_told(ada, clock):
    for _ in range(2):
        credit_purchase(pack(ada, quantity=2))
    (lot,) = Lot.objects.all()
    assert (lot.amount, lot.source, lot.expires_at) == (1000, "purchase", months_later(NOON, 12))
    (told,) = Event.objects.all()
    assert (told.type, told.user, told.data["amount"]) == ("credits.granted", ada, 1000)
    assert balance_of(ada.pk).balance == 1150


def test_a_purchase_counts_for_one_account(ada, bob, clock):
    credit_purchase(pack(ada))
    with pytest.raises(PurchaseTaken):
        credit_purchase(pack(bob))
    assert (bought(ada), bought(bob)) == (500, 0)


def test_a_refund_takes_back_what_is_left_and_tells_what_is_gone(ada, clock):
    credit_purchase(pack(ada))
    hold(user_id=ada.pk, reference="job", amount=150 + 120)
    settle(reference="job")
    for _ in range(2):
        credit_purchase(event("refunded"))
    fact = Purchase.objects.get(kind="purchased")
    assert (bought(ada), fact.unrecovered) == (0, 120)
    assert reconcile() == []


def test_what_is_held_while_the_money_goes_back_is_taken_when_it_returns(ada, clock):
    credit_purchase(pack(ada))
    hold(user_id=ada.pk, reference="waits", amount=150 + 20)
    hold(user_id=ada.pk, reference="done", amount=30)
    settle(reference="done")
    credit_purchase(event("refunded"))
    assert Purchase.objects.get(kind="purchased").unrecovered == 50
    release(reference="waits")
    refund(reference="done")
    assert (bought(ada), balance_of(ada.pk).balance) == (0, 150)
    assert Purchase.objects.get(kind="purchased").unrecovered == 0
    assert reconcile() == []


def test_a_refund_that_comes_before_its_purchase_is_remembered(ada, clock):
    credit_purchase(event("refunded"))
    credit_purchase(pack(ada))
    assert not Lot.objects.exists()
    assert Purchase.objects.count() == 2


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (lambda ada: event("purchased", product_id=SMALL), PurchaserUnknown),
        (lambda ada: pack(type("Gone", (), {"pk": uuid4()})), PurchaserUnknown),
        (lambda ada: event("purchased", user=ada, product_id="shoes"), ProductUnknown),
        (lambda ada: event("purchased", user=ada, product_id=PLUS), ProductUnknown),
        (lambda ada: period(ada, "p1", product_id=SMALL), ProductUnknown),
        (lambda ada: period(ada, "p1", product_id=""), ProductUnknown),
    ],
)
def test_what_cannot_be_placed_is_not_kept_so_that_it_is_told_again(ada, made, error):
    with pytest.raises(error):
        credit_purchase(made(ada))
    assert not Purchase.objects.exists()
    assert not Wallet.objects.exists()


def test_a_subscription_gives_its_plan_until_its_period_ends(ada, clock):
    credit_purchase(period(ada, "p1", days=None))  # a first notice that does not tell the end
    assert Subscription.objects.get().until == NOON + timedelta(days=31)
    credit_purchase(period(ada, "p1", days=30))
    assert Subscription.objects.get().until == NOON + timedelta(days=30)
    credit_purchase(period(ada, "p1", days=20))  # late, and moves nothing back
    credit_purchase(period(None, "p2", since=30, product_id="price_1"))  # else as before
    row = Subscription.objects.get()
    assert (row.user, row.plan, row.source) == (ada, "plus", "stripe:sub")
    assert row.until == NOON + timedelta(days=60)
    clock.go(days=60)
    assert plan_of(ada.pk).name == "free"


def test_a_larger_plan_bought_in_between_counts_at_once(ada, clock):
    credit_purchase(period(ada, "p1"))
    clock.go(days=3)
    credit_purchase(period(ada, "p2", since=2, product_id=PRO))
    assert plan_of(ada.pk).name == "pro"


def test_a_refunded_period_is_over_and_the_one_before_counts_again(ada, clock):
    credit_purchase(period(ada, "p1"))
    credit_purchase(period(ada, "p2", since=1, product_id=PRO))
    credit_purchase(event("refunded", "p2"))
    assert plan_of(ada.pk).name == "plus"
    credit_purchase(event("refunded", "p1"))
    assert plan_of(ada.pk).name == "free"


FACTS = {
    "first": lambda ada: period(ada, "p1"),
    "second": lambda ada: period(ada, "p2", since=30),
    "end": lambda ada: ended(40),
    "again": lambda ada: period(ada, "p3", since=50),
    "refund": lambda ada: event("refunded", "p3"),
}


@pytest.mark.parametrize(
    ("names", "until"),
    [
        (("first", "second", "end"), 40),
        (("first", "end", "again"), 80),
        (("first", "end", "refund", "again"), 30),
    ],
)
def test_in_whatever_order_facts_come_they_mean_the_same(ada, clock, names, until):
    for order in itertools.permutations(names):
        for name in order:
            credit_purchase(FACTS[name](ada))
        assert Subscription.objects.get().until == NOON + timedelta(days=until), order
        Purchase.objects.all().delete()
        Subscription.objects.all().delete()


def test_an_old_end_that_is_told_late_leaves_what_was_bought_since(ada, clock):
    credit_purchase(period(ada, "p1"))
    credit_purchase(period(ada, "p2", since=40))
    credit_purchase(ended(50, "p1"))  # a receipt of the first period, handed over on day 50
    assert Subscription.objects.get().until == NOON + timedelta(days=70)


def test_the_same_receipt_at_once_is_credited_once(transactional_db, make_user):
    user = make_user()
    race(lambda n: credit_purchase(pack(user)), times=8)
    assert bought(user) == 500
    race(lambda n: credit_purchase(event("refunded")), times=4)
    assert (bought(user), reconcile()) == (0, [])


def test_a_purchase_and_its_refund_at_once_leave_nothing(transactional_db, make_user):
    user = make_user()
    for n in range(4):
        both = (pack(user, f"t{n}"), event("refunded", f"t{n}"))
        race(lambda i, both=both: credit_purchase(both[i]), times=2)
    assert (bought(user), reconcile()) == (0, [])


def test_stripes_own_notices_pass_through_the_whole_of_it(api, make_user, settings, tmp_path):
    ours = {"vignette_pack_small": "credits_100", "vignette_plus_monthly": "plan_plus"}
    text = (FOLDER / "plans.toml").read_text()
    for mine, recorded_id in ours.items():
        text = text.replace(f'stripe = "{mine}"', f'stripe = "{recorded_id}"')
    settings.PLANS_FILE = str(tmp_path / "plans.toml")
    (tmp_path / "plans.toml").write_text(text)
    settings.STRIPE_WEBHOOK_SECRET = stores.Stripe().secret
    forget_providers()
    buyer = make_user(id=stores.USER)
    told = []
    for name in (
        "checkout_payment",
        "checkout_subscription",
        "invoice_paid",
        "charge_refunded",
        "subscription_deleted",
    ):
        body = stores.text_of(stores.recorded(f"stripe/{name}"))
        signature = stores.Stripe().header(body, at=timezone.now())
        answer = api.post(
            "/api/v1/credits/webhooks/stripe",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": signature},
        )
        assert answer.status_code == 204, (name, answer.content)
        until = Subscription.objects.values_list("until", flat=True).first()
        told.append((bought(buyer), until and int(until.timestamp())))
    forget_providers()
    assert told == [
        (1000, None),
        (1000, 1772366100 + 31 * 86_400),
        (1000, 1775044400),
        (0, 1775044400),
        (0, 1772366100),  # it ended when it was deleted
    ]


@pytest.fixture
def till(monkeypatch):
    till = Till()
    monkeypatch.setattr(
        "credits.services.receipts.provider_named", {"stripe": till, "play": till}.get
    )
    return till


def redeem(client, receipt):
    return client.post(
        "/api/v1/credits/purchases", {"provider": "stripe", "receipt": receipt}, format="json"
    )


def notice(api, body, *, signature=SIGNATURE):
    return api.post(
        "/api/v1/credits/webhooks/stripe",
        body,
        content_type="application/json",
        headers={"Till-Signature": signature},
    )


def test_a_receipt_is_credited_to_whose_it_is_and_to_nobody_else(ada, bob, client_of, till):
    receipt = till.sign(pack(ada))
    stolen = redeem(client_of(bob), receipt)
    assert (stolen.status_code, stolen.json()["code"]) == (409, "purchase_taken")
    for _ in range(2):
        answer = redeem(client_of(ada), receipt)
        assert (answer.status_code, answer.json()["balance"]) == (200, 650)
    assert (bought(ada), bought(bob)) == (500, 0)


def test_a_receipt_of_nobody_is_not_its_finders(ada, client_of, till):
    answer = redeem(client_of(ada), till.sign(event("purchased", product_id=SMALL)))
    assert (answer.status_code, answer.json()["code"]) == (409, "purchaser_unknown")
    assert not Purchase.objects.exists()


def test_a_receipt_that_is_not_to_be_believed_says_why(ada, client_of, till):
    answer = redeem(client_of(ada), "a word")
    assert answer.status_code == 422
    body = answer.json()
    assert (body["code"], body["reason"]) == ("receipt_invalid", "malformed")
    assert body["errors"][0]["field"] == "receipt"
    off = client_of(ada).post(
        "/api/v1/credits/purchases", {"provider": "storekit", "receipt": "x"}, format="json"
    )
    assert off.status_code == 404


def test_a_notice_is_believed_by_its_signature_alone(ada, api, till):
    body = till.sign(pack(ada))
    forged = notice(api, body, signature="mine")
    assert (forged.status_code, forged.json()["reason"]) == (422, "signature_invalid")
    assert not Purchase.objects.exists()
    for _ in range(2):
        assert notice(api, body).status_code == 204
    assert bought(ada) == 500


def test_of_a_notice_all_or_nothing_is_taken(ada, api, till):
    body = till.sign(pack(ada), event("purchased", "t2", user=ada, product_id="shoes"))
    answer = notice(api, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "product_unknown")
    assert not Purchase.objects.exists()
    assert bought(ada) == 0
