"""What people do on their devices: seeded edits of shared records, new sessions, deletes. No network, no clock.

Every value that is written is different from all others, so that it can be told later whose write it was.
"""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

PREFERENCES = ("app", "player", "training")
EXERCISES = ("plank", "glute-bridge", "ankle-rocks", "hip-cars")
KEPT = 25  # routines that an account keeps at most: more conflicts, and a long run does not grow without end


@dataclass(frozen=True, slots=True)
class Act:
    """One write: `set` some fields of a record, or delete it (None)."""

    collection: str
    id: str
    set: Mapping[str, Any] | None


def act(drawn: random.Random, mark: str, held: Sequence[tuple[str, str]]) -> Act:
    """Something a person may do who sees the records `held`; `mark` makes its values different from all others."""
    routines = sorted(record_id for collection, record_id in held if collection == "routine")
    chance = drawn.random()
    if chance < 0.30:
        fields = drawn.sample(["t1", "t2", "t3", "t4", "label"], drawn.randint(1, 3))
        return Act("preferences", drawn.choice(PREFERENCES), {name: f"{mark}.{name}" for name in fields})
    if chance < 0.40:
        fields = drawn.sample(["name", "t1", "t2"], drawn.randint(1, 2))
        return Act("profile", "me", {name: f"{mark}.{name}" for name in fields})
    if chance < 0.50:
        fields = drawn.sample(["notes", "t1"], drawn.randint(1, 2))
        return Act("exercise_pref", drawn.choice(EXERCISES), {name: f"{mark}.{name}" for name in fields})
    if chance < 0.56:
        return Act("exercise_pref", drawn.choice(EXERCISES), None)
    if chance < 0.64 and routines:
        return Act("routine", drawn.choice(routines), None)
    if chance < 0.80 and routines:
        fields = drawn.sample(["title", "notes", "t1"], drawn.randint(1, 2))
        return Act("routine", drawn.choice(routines), {name: f"{mark}.{name}" for name in fields})
    new = str(uuid.UUID(int=drawn.getrandbits(128), version=4))
    if chance < 0.92 and len(routines) < KEPT:
        return Act("routine", new, {"title": f"{mark}.title", "favourite": False, "t1": f"{mark}.t1"})
    return _written_once(drawn, mark, new)


def _written_once(drawn: random.Random, mark: str, new: str) -> Act:
    at = datetime.fromtimestamp(1_767_225_600 + drawn.randrange(86_400 * 30), UTC).isoformat()
    if drawn.random() < 0.5:
        about = {
            "at": at,
            "about": "session",
            "rating": drawn.choice([-1, 0, 1]),
            "pain": drawn.randint(0, 10),
        }
        return Act("feedback", new, {**about, "notes": f"{mark}.notes"})
    slots = [
        {
            "slug": exercise, "place": place, "propensity": 1, "explored": False, "outcome": "completed",
            "rating": drawn.choice([None, 1, -1]), "pain": drawn.randint(0, 10),
        }
        for place, exercise in enumerate(EXERCISES)
    ]  # fmt: skip
    session = {
        "id": new, "at": at, "model": "0" * 64, "catalog": 1, "payload": {"mark": mark}, "rpe": drawn.randint(0, 10),
        "completed_s": 600, "slots": slots,
    }  # fmt: skip
    return Act("session", new, session)
