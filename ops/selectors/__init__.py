"""What an operator sees: the figures of now, and what only the page shows."""

from ops.selectors.figures import Figures, figures, figures_now, forget_figures
from ops.selectors.page import HOURS, page

__all__ = ["HOURS", "Figures", "figures", "figures_now", "forget_figures", "page"]
