"""A logged session, as a phone writes it: what was asked for, what was shown, what came of each slot.

One record of collection `session` in an account's stream. The payload is the very one that made the routine, so the
whole routine can be made again; a slot adds only what the payload cannot tell. docs/data.md has an example, and what is
checked is `sync.records`' rule for it, the same when a phone pushes and when a dataset is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sync.records import RULES, FieldInvalid

COLLECTION = "session"
PAIN_WELCOME = 3
"""Pain up to this, of 10, is acceptable (rule L04); above it a slot is no success, completed or not."""


class SessionInvalid(FieldInvalid):
    """A malformed session: `field` is a dotted path such as `slots[2].outcome`, `reason` a sentence."""

    @property
    def column(self) -> str:
        """The field without indices, to count by."""
        return re.sub(r"\[\d+\]", "", self.field)


@dataclass(frozen=True, slots=True)
class Slot:
    """One shown item: `propensity` is the chance with which it was chosen, `rating` -1, 0, 1 or none, `pain` 0..10."""

    slug: str
    place: int
    propensity: float
    explored: bool
    outcome: str
    rating: int | None
    pain: int

    @property
    def reward(self) -> int:
        """1 when completed and welcome: not disliked, and with no more pain than is acceptable."""
        return int(self.outcome == "completed" and self.rating != -1 and self.pain <= PAIN_WELCOME)


@dataclass(frozen=True, slots=True)
class Session:
    """One checked session; `at` is in UTC, `model` the SHA-256 of the model file, `catalog` a release number."""

    id: str
    at: datetime
    model: str
    catalog: int
    payload: Mapping[str, Any]
    rpe: int | None
    completed_s: int
    slots: tuple[Slot, ...]


_RULE = RULES[COLLECTION]


def parse(record: Any) -> Session:
    """A record's data, unsealed, as a Session. Raises SessionInvalid naming the first field that is wrong.

    The payload is only checked to be an object here: its own checks are those of the generator, when it is replayed.
    """
    if not isinstance(record, Mapping):
        raise SessionInvalid("session", "must be an object")
    try:
        # What is not declared may be named by anybody: its name must not reach a report.
        _RULE.check({name: record[name] for name in _RULE.fields if name in record}, whole=True)
    except FieldInvalid as error:
        raise SessionInvalid(error.field, error.reason) from None
    at = datetime.fromisoformat(record["at"]).astimezone(UTC)
    return Session(
        id=record["id"],
        at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        model=record["model"],
        catalog=int(record["catalog"]),
        payload=record["payload"],
        rpe=_whole(record["rpe"]),
        completed_s=int(record["completed_s"]),
        slots=tuple(_slot(slot) for slot in record["slots"]),
    )


def _slot(slot: Mapping[str, Any]) -> Slot:
    return Slot(
        slug=slot["slug"],
        place=int(slot["place"]),
        propensity=float(slot["propensity"]),
        explored=slot["explored"],
        outcome=slot["outcome"],
        rating=_whole(slot["rating"]),
        pain=int(slot["pain"]),
    )


def _whole(number: float | None) -> int | None:
    """JSON's 3.0 is a whole number."""
    return None if number is None else int(number)
