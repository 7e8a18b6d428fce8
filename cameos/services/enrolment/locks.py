"""What cameos hold by name (`core.locks`), each for what has no row that could be locked."""

from __future__ import annotations

# Of the comparison with all who are enrolled, up to the commit of who is enrolled next: of two
# accounts that enrol one face at once, the second is compared with the first.
ENROLLING = "cameos.enrolling"
CAPTURES = "cameos.captures"  # of the comparison with all captures that came before
VERIFYING = "cameos.verifying"  # of counting who verifies
