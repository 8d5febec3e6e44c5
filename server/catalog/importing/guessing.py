"""Fields that a set leaves open, taken from the catalogue's own exercises of the same kind, each with its reason.

Hazards are never guessed into a draft: what is left out there would look like "none". They are hints for the person.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median_low
from typing import Any

from server.catalog.importing.facts import Field, Record, guessed, mapped, refused

MOST_LIKE = 60  # per cent of the like exercises that must agree before a guess is made
LEAST = 2
FALLBACK = "general"

Exercise = Mapping[str, Any]


class Like:
    """The approved exercises, asked for those of a type, and of a type and a muscle."""

    def __init__(
        self,
        exercises: Iterable[Exercise],
        vocabulary: Mapping[str, Iterable[str]],
        work_s: Mapping[str, Any],
    ) -> None:
        self._all = list(exercises)
        self._codes = {name: frozenset(codes) for name, codes in vocabulary.items()}
        self._work_s = work_s

    def complete(self, record: Record) -> Record:
        """The record with what its like exercises suggest, and without codes that the catalogue has not (any more)."""
        record = self._known_only(record)
        kind, primary = record.get("type"), record.get("primary_muscles") or []
        same = [each for each in self._all if each["type"] == kind]
        near = [each for each in same if set(primary) & set(each["primary_muscles"])]
        first = [each for each in same if primary and each["primary_muscles"][0] == primary[0]]
        alike = near if len(near) >= LEAST else same
        added: list[Field] = []
        if not record.has("secondary_muscles"):
            added.append(guessed("secondary_muscles", [], "", "the set names none"))
        if record.get("moves") is None:
            added += _vote("moves", first, kind, whole=False)
        if not record.has("positions"):
            added += _vote(
                "positions", [each for each in near if _tools(each, record)], kind, whole=False, most=1
            )
        if record.get("difficulty") is None and same:
            added.append(
                guessed(
                    "difficulty",
                    median_low([each["difficulty"] for each in alike]),
                    "",
                    _of(kind, alike),
                )
            )
        if same:
            added.append(guessed("met", _typical([each["met"] for each in alike]), "", _of(kind, alike)))
            added.append(
                guessed(
                    "phases",
                    Counter(tuple(each["phases"]) for each in same).most_common(1)[0][0],
                    "",
                    _of(kind, same),
                )
            )
        added += self._dose(record, kind, same)
        added += self._activities(near, kind)
        added.append(_hints(near, record))
        # Tuples only so that they could be counted.
        added = [
            Field(f.name, f.how, list(f.value) if isinstance(f.value, tuple) else f.value, f.said, f.why)
            for f in added
        ]
        return record.put(*added)

    def _known_only(self, record: Record) -> Record:
        fixed = []
        for field, vocabulary in (
            ("primary_muscles", "muscles"), ("secondary_muscles", "muscles"), ("moves", "moves"),
            ("positions", "positions"), ("equipment", "equipment"),
        ):  # fmt: skip
            codes = record.get(field)
            if not isinstance(codes, list):
                continue
            held = next(each for each in record.fields if each.name == field)
            kept = [code for code in codes if code in self._codes.get(vocabulary, ())]
            if field == "secondary_muscles":
                kept = [code for code in kept if code not in (record.get("primary_muscles") or [])]
            if not kept and codes and field != "secondary_muscles":
                fixed.append(refused(field, held.said, f"the catalogue has no {', '.join(codes)}"))
            elif kept != codes:
                fixed.append(Field(field, held.how, kept, held.said, held.why))
        return record.put(*fixed) if fixed else record

    def _dose(self, record: Record, kind: Any, same: Sequence[Exercise]) -> list[Field]:
        """The dose that the set says, made whole and held to the type's bounds; else the usual one."""
        laterality = record.get("laterality")
        sides = 2 if laterality == "unilateral" else 1
        alike = [each["dose"] for each in same if (each["laterality"] == "unilateral") == (sides == 2)]
        usual = alike or [each["dose"] for each in same]
        if not usual:
            return []
        held = next((each for each in record.fields if each.name == "dose" and each.value), None)
        low, high = self._work_s.get(str(kind), (1, 600))
        if held:
            asked = dict(held.value)
            if asked["mode"] == "reps":
                paces = [each["sec_per_rep"] for each in usual if each["mode"] == "reps"]
                pace = _typical(paces) if paces else 2
                # A count for each side of sides that take turns is half of what our dose counts.
                reps = asked["reps"] * (
                    2 if laterality == "alternating" and "chaque côté" in held.said else 1
                )
                asked |= {"reps": reps, "sec_per_rep": pace, "work_s_per_side": round(reps * pace)}
            asked["sides"] = sides
            if low <= asked["work_s_per_side"] <= high and (asked["reps"] or 1) <= 100:
                if asked["mode"] == "time":
                    return [mapped("dose", asked, held.said)]
                why = "the count is theirs, the pace is usual for the type"
                return [guessed("dose", asked, held.said, why)]
        counted = Counter(tuple(sorted(each.items(), key=lambda pair: pair[0])) for each in usual)
        dose = {**dict(counted.most_common(1)[0][0]), "sides": sides}
        said = held.said if held else ""
        why = f"“{said}” is outside {low} to {high} s of the type; " if held else ""
        return [guessed("dose", dose, said, why + _of(kind, same))]

    def _activities(self, near: Sequence[Exercise], kind: Any) -> list[Field]:
        counted = Counter(code for each in near for code in each["activities"])
        often = [code for code, count in counted.most_common() if count * 2 >= len(near)]
        if len(near) >= LEAST and often:
            return [
                guessed(
                    "activities",
                    often,
                    "",
                    f"at least half of {len(near)} exercises of the type {kind} with such a muscle",
                )
            ]
        if FALLBACK in self._codes.get("activities", ()):
            return [guessed("activities", [FALLBACK], "", "nothing like it is in the catalogue")]
        return []


def _tools(exercise: Exercise, record: Record) -> bool:
    return set(exercise["equipment"]) == set(record.get("equipment") or [])


def _vote(field: str, like: Sequence[Exercise], kind: Any, *, whole: bool, most: int = 2) -> list[Field]:
    """The codes that most of the like exercises have, at most `most`; none where they do not agree."""
    if len(like) < LEAST:
        return []
    counted = Counter(code for each in like for code in (each[field][:1] if most == 1 else each[field]))
    agreed = [code for code, count in counted.most_common(most) if count * 100 >= MOST_LIKE * len(like)]
    if not agreed or whole:
        return []
    return [
        guessed(
            field, agreed, "", f"as {counted[agreed[0]]} of {len(like)} like exercises of the type {kind}"
        )
    ]


def _hints(near: Sequence[Exercise], record: Record) -> Field:
    counted = Counter(code for each in near for code in each["hazards"])
    shown = ", ".join(f"{code} ({count} of {len(near)})" for code, count in counted.most_common(6))
    said = next((each.said for each in record.fields if each.name == "hazards"), "")
    why = "never taken over or guessed: a person sets them and a physiotherapist reviews them"
    return refused("hazards", said, f"{why}; like exercises have {shown}" if shown else why)


def _typical(numbers: Sequence[float]) -> float:
    return median_low(numbers)


def _of(kind: Any, like: Sequence[Exercise]) -> str:
    return f"usual among {len(like)} exercises of the type {kind}"
