"""What may be had and what it costs, by the instance's plans and prices."""

from credits.policy.loaded import cost, plans, price, prices
from credits.policy.plans import Pack, Plan, Plans, SubscriptionProduct
from credits.policy.prices import Cost, Prices

__all__ = [
    "Cost",
    "Pack",
    "Plan",
    "Plans",
    "Prices",
    "SubscriptionProduct",
    "cost",
    "plans",
    "price",
    "prices",
]
