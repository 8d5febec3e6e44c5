"""A logged session, as a phone writes it: what was asked for, what was shown, what came of each slot.

One record of collection `session` in an account's stream. The payload is the very one that made the routine, so the
whole routine can be made again; a slot adds only what the payload cannot tell. docs/data.md has an example.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma

COLLECTION = "session"
OUTCOMES = ("completed", "skipped", "swapped", "stopped_by_pain")
PAIN_WELCOME = 3
"""Pain up to this, of 10, is acceptable (rule L04); above it a slot is no success, completed or not."""
SLOTS_MOST = 48
"""A routine has no more: contract.MAX_STEPS."""


class SessionInvalid(ValueError):
    """A malformed session: `field` is a dotted path such as `slots[2].outcome`, `reason` a sentence."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason

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


def _integer(low: int, high: int, **options: Any) -> ma.fields.Integer:
    message = f"must be a whole number from {low} to {high}"
    return ma.fields.Integer(
        strict=True, required=True, validate=ma.validate.Range(low, high, error=message),
        error_messages={"invalid": message}, **options,
    )  # fmt: skip


class _Known(ma.Schema):
    """Unknown fields are left alone: a newer app may log more."""

    class Meta:
        unknown = ma.EXCLUDE


class SlotSchema(_Known):
    slug = ma.fields.String(required=True, validate=ma.validate.Length(1, 200))
    place = _integer(0, SLOTS_MOST - 1)
    propensity = ma.fields.Float(
        required=True,
        validate=ma.validate.Range(0, 1, min_inclusive=False, error="must be above 0 and at most 1"),
    )
    # true and false only, not the words and numbers that marshmallow takes for them
    explored = ma.fields.Boolean(
        required=True, truthy={True}, falsy={False}, error_messages={"invalid": "must be true or false"}
    )
    outcome = ma.fields.String(
        required=True, validate=ma.validate.OneOf(OUTCOMES, error="must be one of {choices}")
    )
    rating = _integer(-1, 1, allow_none=True)
    pain = _integer(0, 10)

    @ma.validates_schema
    def _explored_is_drawn(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["explored"] != (data["propensity"] < 1):
            raise ma.ValidationError(
                "must be true exactly where the item was drawn: propensity below 1", "explored"
            )


class SessionSchema(_Known):
    id = ma.fields.UUID(required=True)
    at = ma.fields.AwareDateTime(format="iso", required=True)
    model = ma.fields.String(
        required=True, validate=ma.validate.Regexp(r"^[0-9a-f]{64}$", error="must be a SHA-256 in hex")
    )
    catalog = _integer(1, 2**31 - 1)
    payload = ma.fields.Dict(required=True)
    rpe = _integer(0, 10, allow_none=True)
    completed_s = _integer(0, 86_400)
    slots = ma.fields.List(
        ma.fields.Nested(SlotSchema), required=True, validate=ma.validate.Length(1, SLOTS_MOST)
    )

    @ma.validates_schema
    def _places_in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        for number, slot in enumerate(data["slots"]):
            if slot["place"] != number:
                raise ma.ValidationError(
                    {"slots": {number: {"place": [f"must be {number}: slots in order"]}}}
                )


_SCHEMA = SessionSchema()


def parse(record: Any) -> Session:
    """A record's data as a Session. Raises SessionInvalid naming the first field that is wrong.

    The payload is only checked to be an object here: its own checks are those of the generator, when it is replayed.
    """
    if not isinstance(record, Mapping):
        raise SessionInvalid("session", "must be an object")
    try:
        data = _SCHEMA.load(record)
    except ma.ValidationError as error:
        raise SessionInvalid(*_first(error.messages_dict, "")) from None
    slots = tuple(Slot(**slot) for slot in data.pop("slots"))
    identity: uuid.UUID = data.pop("id")
    at: datetime = data.pop("at")
    at = at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
    return Session(id=str(identity), at=at, slots=slots, **data)


def _first(messages: Mapping[Any, Any], where: str) -> tuple[str, str]:
    """The dotted path of the first message, and its sentence."""
    key, value = next(iter(messages.items()))
    if isinstance(key, int):
        path = f"{where}[{key}]"
    elif key == ma.exceptions.SCHEMA:
        path = where
    else:
        path = f"{where}.{key}" if where else str(key)
    if isinstance(value, Mapping):
        return _first(value, path)
    sentence = str(value[0]).rstrip(".")
    return path, sentence[:1].lower() + sentence[1:]
