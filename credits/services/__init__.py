"""Every write to credits, plans and costs."""

from credits.services.costs import check_budget, record_cost
from credits.services.holds import hold, refund, release, settle
from credits.services.lots import expire_lots, grant
from credits.services.plans import set_plan
from credits.services.purchases import credit_purchase
from credits.services.receipts import redeem_receipt, take_notice
from credits.services.reconcile import Discrepancy, reconcile
from credits.services.referrals import pay_referrals, reward_referral

__all__ = [
    "Discrepancy",
    "check_budget",
    "credit_purchase",
    "expire_lots",
    "grant",
    "hold",
    "pay_referrals",
    "reconcile",
    "record_cost",
    "redeem_receipt",
    "refund",
    "release",
    "reward_referral",
    "set_plan",
    "settle",
    "take_notice",
]
