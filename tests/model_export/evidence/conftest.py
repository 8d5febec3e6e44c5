"""Routines put together by hand, to be measured."""

import pytest

from model_export.evidence.reading import read, seconds


@pytest.fixture(scope="session")
def compose(catalog):
    """compose("warmup", "football", 12, [("easy-jog", {"phase": "raise"}), …], level="trained") -> Reading"""

    def made(kind, activity, minutes, plan, *, warnings=(), gap_s=None, **profile):
        items = []
        for slug, fields in plan:
            exercise = catalog.exercises[catalog.places[slug]]
            items.append(
                {
                    "slug": slug, "phase": exercise["phases"][0], "position": exercise["positions"][0], "sets": 1,
                    "work_s_per_side": 30, "sides": 1, "rest_s": 0, "transition_s": 5, "reason": slug, **fields,
                }
            )  # fmt: skip
        request = {"kind": kind, "activity": activity, "budget_s": minutes * 60}
        if gap_s is not None:
            request["gap_s"] = gap_s
        routine = {
            "items": items,
            "warnings": list(warnings),
            "total_s": sum(seconds(item) for item in items),
        }
        return read(catalog, {"request": request, "profile": profile}, routine)

    return made
