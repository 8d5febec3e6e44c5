"""How a model does on devices: counters and a latency histogram, the same on a device and on the server."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

COUNTS = ("runs", "failures", "rejections", "completed", "skipped", "swapped", "pain")
"""runs: times a model was asked for a routine; failures: it raised; rejections: the checker refused its plan.

completed, skipped, swapped: what became of items; pain: items with reported pain of more than 3 of 10.
"""

BOUNDS_MS = (1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 500, 1000)
"""Upper ends of the latency buckets, milliseconds; one more bucket holds what is slower."""

BUCKETS = len(BOUNDS_MS) + 1


def empty() -> dict[str, Any]:
    """Counters that nothing was counted in."""
    return dict.fromkeys(COUNTS, 0) | {"latency": [0] * BUCKETS}


def bucket(milliseconds: float) -> int:
    """Index of the bucket that a run of this length belongs to."""
    return bisect_left(BOUNDS_MS, milliseconds)


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The sums of two sets of counters."""
    latency = [a + b for a, b in zip(one["latency"], other["latency"], strict=True)]
    return {name: one[name] + other[name] for name in COUNTS} | {"latency": latency}


def percentile(latency: Sequence[int], share: float) -> float | None:
    """The upper end, ms, of the bucket that holds the `share`-quantile; infinity past the last; None without runs.

    The true quantile is at most this: a histogram errs on the side of caution.
    """
    total = sum(latency)
    if not total:
        return None
    reached = 0
    for end, count in zip((*BOUNDS_MS, float("inf")), latency, strict=True):
        reached += count
        if reached >= share * total:
            return float(end)
    raise AssertionError("unreachable: the last bucket reaches the total")
