"""How many random examples the slow tests try: fewer in every run, many more where somebody has the time.

TEST_THOROUGH=1    the large numbers, for a nightly run
"""

import os

THOROUGH = bool(os.environ.get("TEST_THOROUGH"))


def often(ordinary: int, thorough: int) -> int:
    """The number for this run."""
    return thorough if THOROUGH else ordinary
