"""Every write to credits, plans and costs."""

from credits.services.costs import check_budget, record_cost
from credits.services.holds import hold, refund, release, settle
from credits.services.lots import expire_lots, grant
from credits.services.plans import set_plan
from credits.services.reconcile import Discrepancy, reconcile
from credits.services.referrals import pay_referrals, reward_referral

__all__ = [
    "Discrepancy",
    "check_budget",
    "expire_lots",
    "grant",
    "hold",
    "pay_referrals",
    "reconcile",
    "record_cost",
    "refund",
    "release",
    "reward_referral",
    "set_plan",
    "settle",
]
