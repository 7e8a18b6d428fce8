"""The shapes of credits in the REST API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from credits.models import LotSource, TransactionKind
from credits.policy.plans import PROVIDERS

RECEIPT_CHARACTERS_MAX = 100_000


class DailySerializer(serializers.Serializer[Any]):
    """Today's credits; a day is a UTC day."""

    amount = serializers.IntegerField()
    left = serializers.IntegerField()
    renews_at = serializers.DateTimeField()


class LotSerializer(serializers.Serializer[Any]):
    """Credits that expire together; the first to expire are spent first."""

    source = serializers.ChoiceField(LotSource.choices)  # type: ignore[assignment]
    left = serializers.IntegerField()
    expires_at = serializers.DateTimeField()


class CreditsSerializer(serializers.Serializer[Any]):
    """What I can spend now, what is set aside, and what it is made of."""

    plan = serializers.CharField(source="plan.name")
    balance = serializers.IntegerField(help_text="What can be spent now, today's credits included.")
    held = serializers.IntegerField(help_text="Set aside for clips on their way.")
    daily = DailySerializer()
    lots = LotSerializer(many=True)


class HistoryEntrySerializer(serializers.Serializer[Any]):
    """One change of what I can spend."""

    id = serializers.UUIDField(source="transaction.id")
    kind = serializers.ChoiceField(TransactionKind.choices, source="transaction.kind")
    amount = serializers.IntegerField(help_text="Signed: what it did to what can be spent.")
    reference = serializers.CharField(
        source="transaction.reference",
        help_text="What it was for, such as `generation:` and the job's id.",
    )
    note = serializers.CharField(source="transaction.note")
    created_at = serializers.DateTimeField(source="transaction.created_at")


class HistoryPageSerializer(serializers.Serializer[Any]):
    """A page of what happened to my credits."""

    items = HistoryEntrySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ReceiptSerializer(serializers.Serializer[Any]):
    """What a client got from a provider when something was bought."""

    provider = serializers.ChoiceField(PROVIDERS)
    receipt = serializers.CharField(
        max_length=RECEIPT_CHARACTERS_MAX,
        help_text="StoreKit: the signed transaction. Play: JSON of `data` and `signature`.",
    )


class PlanSerializer(serializers.Serializer[Any]):
    """What the users of a plan get."""

    name = serializers.CharField()
    title = serializers.CharField()
    daily_credits = serializers.IntegerField()
    weight = serializers.IntegerField(help_text="Share of the engines while more people wait.")
    running_per_user = serializers.IntegerField(help_text="Clips in work at once.")
    waiting_max = serializers.IntegerField(help_text="Unfinished jobs.")


class PackSerializer(serializers.Serializer[Any]):
    """Credits that can be bought once."""

    id = serializers.CharField()
    credits = serializers.IntegerField()
    months_valid = serializers.IntegerField()
    products = serializers.DictField(
        child=serializers.CharField(), help_text="The product's id by provider."
    )


class SubscriptionProductSerializer(serializers.Serializer[Any]):
    """A plan that can be bought for a period."""

    id = serializers.CharField()
    plan = serializers.CharField()
    days = serializers.IntegerField()
    products = serializers.DictField(
        child=serializers.CharField(), help_text="The product's id by provider."
    )


class SizeStepSerializer(serializers.Serializer[Any]):
    """The factor of sizes up to so many megapixels; above the last it grows with the pixels."""

    megapixels = serializers.FloatField()
    factor = serializers.FloatField()


class PricesSerializer(serializers.Serializer[Any]):
    """Credits = per second x seconds x factor of the size x (without_audio), rounded up, from 1."""

    credits_per_second = serializers.DictField(
        child=serializers.FloatField(), help_text="By engine; `default` is for every other."
    )
    sizes = SizeStepSerializer(many=True)
    without_audio = serializers.FloatField(help_text="Factor for a clip without sound.")


class PlansSerializer(serializers.Serializer[Any]):
    """What can be had here, and what clips cost."""

    plans = PlanSerializer(many=True)
    packs = PackSerializer(many=True)
    subscriptions = SubscriptionProductSerializer(many=True)
    prices = PricesSerializer()
