"""What the accounts of `scripts/bench sync` hold: records as an app writes them, and patches that a device pushes.

Of ten records four are an exercise's preference, two feedback, two sessions, one a self-test and one a kept routine:
some 900 bytes on average. Slugs are those of the catalogue; the rest is random, to compress as real content does.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from server.catalog.content import read_seed

EPOCH = "benchmark"
DEVICE = "1f2e3d4c5b6a7988"
START = datetime(2026, 1, 5, tzinfo=UTC)
KINDS = (
    "pref", "session", "pref", "feedback", "routine", "pref", "session", "assessment", "pref", "feedback",
)  # fmt: skip
TEXT = "felt the left hip today after rowing better than last week still stiff in the morning but warm soon"

Record = tuple[str, str, dict[str, Any]]


class Content:
    """Records without end, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - not for secrets
        seeded = read_seed()
        self._slugs = sorted(slug for collection, slug in seeded if collection == "exercise")
        self._activities = sorted(code for collection, code in seeded if collection == "activity")
        self._made = 0

    def records(self, count: int) -> Iterator[Record]:
        """`count` records, (collection, id, fields), each of which the server accepts as new."""
        for _ in range(count):
            kind = KINDS[self._made % len(KINDS)]
            self._made += 1
            collection, fields = getattr(self, f"_{kind}")()
            identity = self._uuid()
            if collection == "session":
                fields["id"] = identity
            elif collection == "exercise_pref":
                identity = f"{self._slug()}-{self._made}"
            yield collection, identity, fields

    def _uuid(self) -> str:
        at = int(START.timestamp() * 1000) + self._made * 60_000
        text = f"{at:012x}7{self._rng.getrandbits(12):03x}8{self._rng.getrandbits(60):015x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _at(self) -> str:
        at = START + timedelta(milliseconds=self._made * 3_600_000 + self._rng.randrange(3_600_000))
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _slug(self) -> str:
        return self._rng.choice(self._slugs)

    def _words(self) -> str:
        return " ".join(self._rng.choices(TEXT.split(), k=12))

    def _pref(self) -> tuple[str, dict[str, Any]]:
        return "exercise_pref", {
            "rating": self._rng.choice((-1, 0, 1)), "excluded": False, "favourite": self._rng.random() < 0.2,
            "at": self._at(),
        }  # fmt: skip

    def _feedback(self) -> tuple[str, dict[str, Any]]:
        return "feedback", {
            "at": self._at(), "about": "exercise", "session": self._uuid(), "slug": self._slug(), "rating": 1,
            "pain": self._rng.randrange(4), "notes": self._words(),
        }  # fmt: skip

    def _assessment(self) -> tuple[str, dict[str, Any]]:
        return "assessment", {
            "test": "knee_to_wall", "at": self._at(), "side": self._rng.choice(("left", "right")), "unit": "cm",
            "value": self._rng.randrange(40, 160) / 10, "trials": [self._rng.randrange(40, 160) / 10 for _ in range(3)],
            "pain": 0,
        }  # fmt: skip

    def _payload(self) -> dict[str, Any]:
        return {
            "request": {"kind": "mobility", "activity": self._rng.choice(self._activities), "budget_s": 600,
                        "local_time": f"{self._rng.randrange(24):02d}:{self._rng.randrange(60):02d}"},
            "profile": {"age": 42, "level": "recreational", "conditions": ["achilles_tendinopathy"],
                        "equipment": ["mat", "chair"], "constraints": []},
            "history": {"exercises": {
                self._slug(): {"days_since": self._rng.randrange(30), "done": self._rng.randrange(40),
                               "skipped": self._rng.randrange(5), "swapped": 0, "rating": 0, "pain": 0}
                for _ in range(10)
            }},
            "seed": self._rng.getrandbits(32), "explore": True,
        }  # fmt: skip

    def _session(self) -> tuple[str, dict[str, Any]]:
        slots = [
            {"slug": self._slug(), "place": place, "propensity": 1.0, "explored": False, "outcome": "completed",
             "rating": self._rng.choice((None, 1)), "pain": self._rng.randrange(3)}
            for place in range(8)
        ]  # fmt: skip
        return "session", {
            "at": self._at(), "model": f"{self._rng.getrandbits(256):064x}", "catalog": 1, "payload": self._payload(),
            "rpe": self._rng.randrange(1, 8), "completed_s": self._rng.randrange(200, 600), "slots": slots,
        }  # fmt: skip

    def _routine(self) -> tuple[str, dict[str, Any]]:
        items = [
            {"slug": self._slug(), "phase": "mobilise", "sets": 1, "work_s_per_side": self._rng.randrange(20, 60),
             "sides": 2, "rest_s": 0, "transition_s": 6}
            for _ in range(8)
        ]  # fmt: skip
        return "routine", {
            "title": self._words()[:40], "kind": "mobility", "activity": self._rng.choice(self._activities),
            "budget_s": 600, "favourite": True, "created_at": self._at(), "items": items, "payload": self._payload(),
        }  # fmt: skip


def hlc(ms: int) -> str:
    """The device's clock at `ms`."""
    return f"{ms:012x}-0000-{DEVICE}"


def patches(records: Iterator[Record], ms: int) -> bytes:
    """JSON of new records as patches, written at `ms` and each following millisecond."""
    return orjson.dumps(
        [
            {"collection": collection, "id": identity, "hlc": hlc(ms + place), "set": fields}
            for place, (collection, identity, fields) in enumerate(records)
        ]
    )
