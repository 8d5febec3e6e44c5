"""The collections of an account: fields, limits, how each merges, and what of it is encrypted at rest.

    RULES["session"].check({"rpe": 11}, whole=False)      # FieldInvalid: rpe: must be a whole number from 0 to 10

A patch sets single fields, so fields are checked one by one. Fields that are not declared here are kept: a newer app
may know more than this server. docs/sync-records.md explains every field; a test keeps it and this module the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import marshmallow as ma

from sync.fields import (
    UUID,
    AnyObject,
    Code,
    Day,
    Exact,
    FieldInvalid,
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
    first,
)

__all__ = ["RULES", "FieldInvalid", "Rule", "SessionSchema"]

OUTCOMES: Final = ("completed", "skipped", "swapped", "stopped_by_pain")
LEVELS: Final = ("beginner", "recreational", "trained")
SEXES: Final = ("female", "male", "other")
SLOTS_MOST: Final = 48
"""A routine has no more: the generator's contract."""

# "" and "*" are not names of fields: the clocks of a delete and of an append-only row are kept there.
_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]{0,63}").fullmatch


class _Record(ma.Schema):
    """The fields of a collection."""

    class Meta:
        unknown = ma.INCLUDE


def _codes(most: int = 64, **options: Any) -> ListOf:
    return ListOf(Code(), most, **options)


def _pressures(value: Mapping[str, Any]) -> tuple[str, str] | None:
    below = value["diastolic"] < value["systolic"]
    return None if below else ("diastolic", "must be below systolic")


class ProfileSchema(_Record):
    """The person, as the generator needs them. One record, `me`."""

    name = Words(80, none=True)
    birth_year = Whole(1900, 2199, none=True)
    sex = OneOf(*SEXES, none=True)
    level = OneOf(*LEVELS, none=True)
    activities = _codes()
    equipment = _codes()
    constraints = _codes()
    conditions = _codes()
    red_flags = _codes()
    soreness = _codes()
    acute_regions = _codes()
    deficits = _codes(128)
    pain = MapOf(Part({"level": Whole(0, 10, required=True), "at": Instant(required=True)}), 64)
    blood_pressure = Part(
        {
            "systolic": Whole(1, 300, required=True),
            "diastolic": Whole(1, 200, required=True),
            "at": Instant(),
        },
        together=_pressures,
        none=True,
    )


_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"


class PreferencesSchema(_Record):
    """Settings by name: `app`, `player`, `reminders`, `training`, `learned`, `activity.<code>`, and others."""

    locale = Shaped("[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,8}", "a language tag such as en-GB", none=True)
    theme = OneOf("system", "light", "dark", none=True)
    units = OneOf("metric", "imperial", none=True)
    reduce_motion = Flag(none=True)
    voice = OneOf("off", "cues", "full", none=True)
    volume = Whole(0, 100, none=True)
    haptics = Flag(none=True)
    duck_music = Flag(none=True)
    get_ready_s = Whole(0, 60, none=True)
    switch_s = Whole(0, 60, none=True)
    reminders = ListOf(
        Part({"time": Shaped(_CLOCK, "a local time such as 07:30", required=True),
              "days": ListOf(Whole(1, 7), 7, required=True), "kind": Code()}), 20, none=True,
    )  # fmt: skip
    training_consent = Part(
        {"version": Whole(1, 2**31 - 1, required=True), "at": Instant(required=True)}, none=True
    )
    learned = Words(32_768, none=True)
    label = Words(80, none=True)
    muscles = MapOf(Whole(0, 3), 128, none=True)
    moves = MapOf(Whole(0, 3), 128, none=True)
    explosive = Whole(0, 3, none=True)
    met = Number(1, 25, none=True)
    started_at = Instant(none=True)
    ended_at = Instant(none=True)


class AssessmentSchema(_Record):
    """One self-test, such as knee to wall, on one side."""

    test = Code(required=True)
    at = Instant(required=True)
    side = OneOf("left", "right", "both", none=True)
    unit = OneOf("cm", "deg", "s", "count", "score", required=True)
    value = Number(-1000, 1000, none=True, required=True)
    trials = ListOf(Number(-1000, 1000), 20)
    pain = Whole(0, 10, none=True)
    regions = _codes()
    notes = Words(4000, none=True)


class RoutineSchema(_Record):
    """A routine that somebody keeps: generated, or put together by hand."""

    title = Words(120, none=True)
    kind = Code(none=True)
    activity = Code(none=True)
    budget_s = Whole(1, 86_400, none=True)
    favourite = Flag()
    archived = Flag()
    order = Number(-1e9, 1e9, none=True)
    created_at = Instant(none=True)
    catalog = Whole(1, 2**31 - 1, none=True)
    model = Shaped("[0-9a-f]{64}", "a SHA-256 in hex", none=True)
    payload = AnyObject(none=True)
    plan = AnyObject(none=True)
    items = ListOf(
        Part(
            {
                "slug": Slug(required=True),
                "phase": Code(none=True),
                "sets": Whole(1, 20),
                "work_s_per_side": Whole(1, 3600, none=True),
                "reps": Whole(1, 1000, none=True),
                "sides": Whole(1, 2),
                "rest_s": Whole(0, 3600),
                "transition_s": Whole(0, 600),
            }
        ),
        SLOTS_MOST,
        none=True,
    )
    notes = Words(4000, none=True)


def _explored(slot: Mapping[str, Any]) -> tuple[str, str] | None:
    if slot["explored"] is (slot["propensity"] < 1):
        return None
    return "explored", "must be true exactly where the item was drawn: propensity below 1"


SLOT: Final = Part(
    {
        "slug": Words(200, least=1, required=True),
        "place": Whole(0, SLOTS_MOST - 1, required=True),
        "propensity": Number(0, 1, above=True, required=True),
        "explored": Flag(required=True),
        "outcome": OneOf(*OUTCOMES, required=True),
        "rating": Whole(-1, 1, none=True, required=True),
        "pain": Whole(0, 10, required=True),
    },
    together=_explored,
)


class Slots(ListOf):
    """The slots of a session, in order."""

    def __init__(self, **options: Any) -> None:
        super().__init__(SLOT, SLOTS_MOST, least=1, **options)

    def test(self, value: Any) -> None:
        super().test(value)
        for number, slot in enumerate(value):
            if slot["place"] != number:
                raise ma.ValidationError({number: {"place": [f"must be {number}: slots in order"]}})


class SessionSchema(_Record):
    """One session as it happened. docs/data.md says what becomes of it."""

    id = Uuid(required=True)
    at = Instant(required=True)
    model = Shaped("[0-9a-f]{64}", "a SHA-256 in hex", required=True)
    catalog = Whole(1, 2**31 - 1, required=True)
    payload = AnyObject(required=True)
    rpe = Whole(0, 10, none=True, required=True)
    completed_s = Whole(0, 86_400, required=True)
    slots = Slots(required=True)
    routine = Uuid(none=True)
    program = Shaped(
        "[a-z0-9_]{1,48}/[0-9]{1,2}[.][0-9]{1,2}", "a program's code, /, week and session", none=True
    )


class FeedbackSchema(_Record):
    """What somebody says afterwards: about a session, one exercise, or the next morning."""

    at = Instant(required=True)
    about = OneOf("session", "exercise", "next_day", "app", required=True)
    session = Uuid(none=True)
    slug = Slug(none=True)
    rating = Whole(-1, 1, none=True)
    rpe = Whole(0, 10, none=True)
    pain = Whole(0, 10, none=True)
    regions = _codes()
    soreness = _codes()
    notes = Words(4000, none=True)


class ExercisePrefSchema(_Record):
    """What somebody wants of one exercise; the record's id is its slug."""

    rating = Whole(-1, 1, none=True)
    excluded = Flag()
    favourite = Flag()
    until = Day(none=True)
    at = Instant(none=True)
    notes = Words(4000, none=True)


class ConstraintSchema(_Record):
    """What a physio keeps out of a member's routines, or asks for. Written through the server only."""

    by = Uuid()
    by_name = Words(120, none=True)
    at = Instant()
    until = Day(none=True)
    hazards = _codes()
    exercises = ListOf(Slug(), 400)
    conditions = _codes()
    constraints = _codes()
    regions = _codes()
    max_level = OneOf(*LEVELS, none=True)
    max_budget_s = Whole(60, 86_400, none=True)
    notes = Words(4000, none=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one collection is kept.

    append_only  a record is written once, whole, and then never changed or deleted but by the account's erasure
    read_only    devices read it; only the server writes
    id_pattern   what an id must match as a whole
    sealed       fields encrypted at rest; with `seals_unknown` also every field that is not declared
    max_bytes    of a whole record as JSON
    """

    name: str
    schema: type[ma.Schema]
    id_pattern: re.Pattern[str]
    max_bytes: int
    append_only: bool = False
    read_only: bool = False
    sealed: frozenset[str] = frozenset()
    seals_unknown: bool = False
    fields: Mapping[str, Exact] = field(init=False, repr=False, compare=False)
    required: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        declared = self.schema().fields
        object.__setattr__(self, "fields", declared)
        object.__setattr__(self, "required", tuple(n for n, f in declared.items() if f.required))

    def seals(self, name: str) -> bool:
        """Whether a field is encrypted at rest."""
        return name in self.sealed or (self.seals_unknown and name not in self.fields)

    def check(self, fields: Mapping[str, Any], whole: bool) -> None:
        """Raise FieldInvalid for the first field that cannot be accepted; `whole`: nothing required may be missing."""
        known, name = self.fields, ""
        try:
            for name, value in fields.items():
                declared = known.get(name)
                if declared is not None:
                    declared.look(value)
                elif _NAME(name) is None:
                    raise FieldInvalid(
                        name[:64], "is not the name of a field: a letter or _, then letters, digits and _"
                    )
        except ma.ValidationError as error:
            raise first(error.messages, name) from None
        if whole:
            for name in self.required:
                if name not in fields:
                    raise FieldInvalid(name, "is missing")


_UUID = re.compile(UUID)
_KB = 1024

RULES: Final[Mapping[str, Rule]] = {
    rule.name: rule
    for rule in (
        Rule(
            "profile", ProfileSchema, re.compile("me"), 32 * _KB, seals_unknown=True,
            sealed=frozenset({"constraints", "conditions", "red_flags", "soreness", "acute_regions", "deficits",
                              "pain", "blood_pressure"}),
        ),
        Rule(
            "preferences", PreferencesSchema, re.compile("[a-z][a-z0-9_.-]{0,63}"), 64 * _KB,
            sealed=frozenset({"learned"}),
        ),
        Rule(
            "assessment", AssessmentSchema, _UUID, 16 * _KB, append_only=True, seals_unknown=True,
            sealed=frozenset({"value", "trials", "pain", "regions", "notes"}),
        ),
        Rule(
            "routine", RoutineSchema, _UUID, 256 * _KB, seals_unknown=True,
            sealed=frozenset({"payload", "plan", "items", "notes"}),
        ),
        Rule(
            "session", SessionSchema, _UUID, 256 * _KB, append_only=True, seals_unknown=True,
            sealed=frozenset({"payload", "slots"}),
        ),
        Rule(
            "feedback", FeedbackSchema, _UUID, 16 * _KB, append_only=True, seals_unknown=True,
            sealed=frozenset({"pain", "regions", "soreness", "notes"}),
        ),
        Rule(
            "exercise_pref", ExercisePrefSchema, re.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,199}"), 16 * _KB,
            sealed=frozenset({"notes"}),
        ),
        Rule(
            "constraint", ConstraintSchema, _UUID, 32 * _KB, read_only=True, seals_unknown=True,
            sealed=frozenset(ConstraintSchema().fields),
        ),
    )
}  # fmt: skip
