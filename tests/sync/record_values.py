"""Hypothesis strategies of what the fields of an account's records accept, made from the declarations themselves."""

import math
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from sync.fields import (
    EXACT,
    AnyObject,
    Code,
    Day,
    Exact,
    Flag,
    Instant,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Part,
    Shaped,
    Slug,
    Uuid,
    Whole,
    Words,
)
from sync.records import RULES, SLOT, Slots

# What JSON and PostgreSQL can keep, without the character that begins a sealed value.
TEXT = st.characters(codec="utf-8", exclude_characters="\x00\x1a")
_INSTANTS = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))
_OFFSETS = st.sampled_from(["Z", "+00:00", "-11:30", "+14:00"])
_FRACTIONS = st.sampled_from(["", ".5", ".871", ".123456789"])


def json_values(leaves: int = 10) -> st.SearchStrategy[Any]:
    """Anything that JSON keeps exactly."""
    return st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-EXACT, EXACT)
        | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)
        | st.text(TEXT, max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(TEXT, max_size=10), inner, max_size=4)
        ),
        max_leaves=leaves,
    )


def _numbers(field: Number) -> st.SearchStrategy[Any]:
    low = math.nextafter(field.low, math.inf) if field.above else field.low
    return st.floats(low, field.high) | st.integers(math.ceil(low), math.floor(field.high))


def _parts(field: Part) -> st.SearchStrategy[Any]:
    members = {name: values(member) for name, member in field.members.items()}
    required = {name: made for name, made in members.items() if field.members[name].required}
    optional = {name: made for name, made in members.items() if name not in required}
    found = st.fixed_dictionaries(required, optional=optional)
    return found if field.together is None else found.filter(lambda value: field.together(value) is None)


def _slots() -> st.SearchStrategy[Any]:
    members = {name: values(member) for name, member in SLOT.members.items()}

    def placed(slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**slot, "place": number, "explored": slot["propensity"] < 1} for number, slot in enumerate(slots)
        ]

    return st.lists(st.fixed_dictionaries(members), min_size=1, max_size=5).map(placed)


def values(field: Exact) -> st.SearchStrategy[Any]:
    """What `field` accepts."""
    match field:
        case Whole():
            made = st.integers(field.low, field.high)
        case Number():
            made = _numbers(field)
        case Flag():
            made = st.booleans()
        case Words():
            made = st.text(TEXT, min_size=field.least, max_size=min(field.most, 50))
        case Uuid():
            made = st.uuids().map(str)
        case Code():
            made = st.from_regex("[a-z0-9][a-z0-9_.-]{0,12}", fullmatch=True)
        case Slug():
            made = st.from_regex("[A-Za-z0-9][A-Za-z0-9._:-]{0,20}", fullmatch=True)
        case Shaped():
            made = st.from_regex(field.pattern, fullmatch=True, alphabet=st.characters(codec="ascii"))
        case OneOf():
            made = st.sampled_from(sorted(field.words))
        case Instant():
            made = st.builds(
                lambda at, fraction, offset: at.strftime("%Y-%m-%dT%H:%M:%S") + fraction + offset,
                _INSTANTS, _FRACTIONS, _OFFSETS,
            )  # fmt: skip
        case Day():
            made = _INSTANTS.map(lambda at: at.strftime("%Y-%m-%d"))
        case Slots():
            made = _slots()
        case ListOf():
            made = st.lists(values(field.item), min_size=field.least, max_size=min(field.most, 4))
        case MapOf():
            made = st.dictionaries(values(field.key), values(field.item), max_size=3)
        case Part():
            made = _parts(field)
        case AnyObject():
            made = st.dictionaries(st.text(TEXT, max_size=10), json_values(5), max_size=4)
        case _:
            raise AssertionError(f"no values for {type(field).__name__}")
    return st.none() | made if field.none else made


UNKNOWN = st.dictionaries(st.from_regex("x_[a-z]{1,5}", fullmatch=True), json_values(), max_size=2)
"""Fields of a newer app."""


@st.composite
def records(draw: st.DrawFn, collection: str, whole: bool) -> tuple[str, dict[str, Any]]:
    """(id, fields) that the collection accepts; with `whole` all that are required."""
    rule = RULES[collection]
    record_id = draw(st.from_regex(rule.id_pattern, fullmatch=True))
    named = {name: values(field) for name, field in rule.fields.items()}
    required = {name: made for name, made in named.items() if whole and name in rule.required}
    optional = {name: made for name, made in named.items() if name not in required}
    fields = draw(st.fixed_dictionaries(required, optional=optional)) | draw(UNKNOWN)
    return record_id, fields or {"x_a": draw(json_values())}
