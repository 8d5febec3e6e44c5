"""The fields of each kind of catalogue document, and the check that a document has them."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

Document = dict[str, Any]
Finding = tuple[str, str]  # field, message
Kind = tuple[str, Callable[[Any], bool]]  # what a field must be, in words and as a test


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """A whole or broken number, finite, and not a boolean."""
    return _is_int(value) or (isinstance(value, float) and math.isfinite(value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value == value.strip() and value.isprintable()


def _is_codes(value: Any) -> bool:
    return (
        isinstance(value, list) and all(isinstance(v, str) for v in value) and len(set(value)) == len(value)
    )


def _is_demand(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_int(v) and 0 <= v <= 3 for v in value.values())


def _is_bounds(value: Any) -> bool:
    return (
        isinstance(value, list) and len(value) == 2 and all(map(_is_int, value)) and 1 <= value[0] < value[1]
    )


def between(low: float, high: float, test: Callable[[Any], bool] = _is_int) -> Kind:
    """A whole number, or with another `test` a number, within bounds that count as inside."""
    noun = "whole number" if test is _is_int else "number"
    return f"a {noun} from {low} to {high}", lambda value: test(value) and low <= value <= high


def one_of(*values: str) -> Kind:
    """One of some words."""
    return f"one of {', '.join(values)}", lambda value: isinstance(value, str) and value in values


TEXT: Kind = ("one line of text without space around it", _is_text)
CODES: Kind = ("a list of codes without repeats", _is_codes)
SOME_CODES: Kind = (
    "a list of at least one code without repeats",
    lambda value: _is_codes(value) and bool(value),
)
DEMAND: Kind = ("an object of whole numbers from 0 to 3 by code", _is_demand)
OBJECT: Kind = ("an object", lambda value: isinstance(value, dict))
MET = between(1, 20, is_number)

EXERCISE = {
    **dict.fromkeys(("slug", "name", "type", "cue", "laterality"), TEXT),
    **dict.fromkeys(("primary_muscles", "moves", "positions", "phases", "activities"), SOME_CODES),
    **dict.fromkeys(("secondary_muscles", "equipment", "hazards"), CODES),
    "difficulty": between(1, 5),
    "met": MET,
    "dose": OBJECT,
}
DOSE = {
    "mode": one_of("time", "reps"),
    "reps": ("null or a whole number from 1 to 100", lambda v: v is None or (_is_int(v) and 1 <= v <= 100)),
    "sec_per_rep": (
        "null or a number from 0.2 to 60",
        lambda v: v is None or (is_number(v) and 0.2 <= v <= 60),
    ),
    "work_s_per_side": between(1, 600),
    "sides": between(1, 2),
}
ACTIVITY = {
    **dict.fromkeys(("code", "label", "spoken", "met_code", "met_src", "health_connect", "healthkit"), TEXT),
    **dict.fromkeys(("muscles", "moves"), DEMAND),
    "explosive": between(0, 3),
    "met": MET,
    "warmup_min": between(1, 60),
}
CONDITION = {"code": TEXT, "label": TEXT, "exclude": CODES, "limit": CODES}
LABEL = {"label": TEXT}
RULE = {
    **dict.fromkeys(("id", "group", "rule", "when", "expr", "source"), TEXT),
    "use": one_of("hard", "score", "warn", "claim"),
    "grade": one_of("A", "B", "C"),
    "confidence": one_of("F", "S", "M"),
}
# What an entry of each vocabulary needs; it may hold more (crosswalks to other code systems).
VOCABULARIES: dict[str, dict[str, Kind]] = {
    **dict.fromkeys(("regions", "kinds", "positions", "equipment", "laterality", "hazards"), LABEL),
    **dict.fromkeys(("constraints", "red_flags", "warnings"), LABEL),
    "muscles": {"label": TEXT, "region": TEXT},
    "moves": {"label": TEXT, "joint": TEXT, "action": TEXT},
    "types": {"label": TEXT, "phases": SOME_CODES, "work_s": ("two rising whole numbers", _is_bounds)},
    "phases": {"label": TEXT, "rank": between(0, 9)},
    "floor_positions": {},
    "free_equipment": {},
    "rules": RULE,
}


def shape(data: Document, spec: Mapping[str, Kind], prefix: str = "") -> Iterator[Finding]:
    """The fields of `spec` that the data lack or have in another form."""
    for field, (words, test) in spec.items():
        if field not in data:
            yield prefix + field, "is missing"
        elif not test(data[field]):
            yield prefix + field, f"must be {words}"


def closed_shape(data: Document, spec: Mapping[str, Kind], prefix: str = "") -> Iterator[Finding]:
    """As `shape`, and the fields that are not in `spec`."""
    yield from shape(data, spec, prefix)
    for field in sorted(data.keys() - spec.keys()):
        yield prefix + field, "is not a field of this document"


def unknown(
    field: str, codes: Collection[str], vocabulary: str, known: Mapping[str, Collection[str]]
) -> Iterator[Finding]:
    """The codes that the vocabulary does not have; none where the vocabulary itself is missing."""
    for code in codes:
        if vocabulary in known and code not in known[vocabulary]:
            yield field, f"has the unknown code {code}"
