"""What other apps may read of credits."""

from credits.selectors.balance import Balance, balance_of, history_of
from credits.selectors.costs import Budget, CostRow, budget, budget_is_spent, cost_report
from credits.selectors.plans import plan_of, plans_of
from credits.selectors.totals import CostsToday, CreditTotals, credit_totals

__all__ = [
    "Balance",
    "Budget",
    "CostRow",
    "CostsToday",
    "CreditTotals",
    "balance_of",
    "budget",
    "budget_is_spent",
    "cost_report",
    "credit_totals",
    "history_of",
    "plan_of",
    "plans_of",
]
