"""What changed since last time, and why: two routines and the two payloads they were made from.

`compare(catalog, before, after)` explains every difference exactly once. Causes are computed from evidence: what the
requests say of the exercise, the budgets, and the additive parts of the scores; never from a guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from model_export.contract import PARTS, STRAINED_AFTER
from model_export.encode import Catalog
from model_export.evidence.causes import Cause, barred, label, past
from model_export.evidence.reading import Document, Payload, Routine, seconds
from model_export.request import Request, parse

PART_WORDS = {
    "demand": "it answers more of what the activity asks",
    "deficits": "it answers where you asked for more range",
    "history": "your history speaks for it",
    "learned": "the model gives it more",
    "personal": "your phone has learned that you take to it",
    "variety": "for variety",
    "flow": "it fits better between its neighbours",
}
SUMMED_UP = {
    "refer": "a sign that needs care", "cleared": "signs that are gone", "request": "another request",
    "catalog": "a new catalogue", "model": "a newer model", "disliked": "what you disliked", "liked": "what you liked",
    "pain": "the pain you reported", "pain_region": "the pain you reported", "injury": "a fresh injury",
    "condition": "your conditions", "constraint": "your wishes", "equipment": "what you have at hand",
    "level": "your level", "age": "your age", "strain": "how hard the last sessions felt",
    "gap": "the time before the start", "recent": "what you did lately", "rested": "what has rested for some days",
    "skipped": "what you skipped", "swapped": "what you swapped", "deficit": "the range you asked for",
    "budget": "the time you have", "personal": "what your phone has learned of your taste", "variety": "variety",
    "explored": "what is tried out",
}  # fmt: skip
"""Causes that begin a change, in words for the summary; the others follow from these."""


@dataclass
class Side:
    """One of the two: the checked request, the routine, its items by slug."""

    request: Request
    routine: Routine
    items: dict[str, Document]

    @property
    def strained(self) -> bool:
        return self.request.strain >= STRAINED_AFTER

    @property
    def budget(self) -> int:
        return int(self.routine.get("budget_s", self.request.budget_s))


@dataclass
class Compared:
    """Both sides, and what has been explained: (slug, change) -> cause."""

    catalog: Catalog
    before: Side
    after: Side
    found: dict[tuple[str, str], Cause] = field(default_factory=dict)

    def exercise(self, slug: str) -> Document | None:
        place = self.catalog.places.get(slug)
        return None if place is None else self.catalog.exercises[place]

    def name(self, slug: str) -> str:
        exercise = self.exercise(slug)
        return str(exercise["name"]) if exercise else slug

    def explain(self, slug: str, change: str, code: str, because: str) -> None:
        self.found.setdefault((slug, change), Cause(code, because, ""))


def compare(
    catalog: Catalog, before_payload: Payload, before: Routine, after_payload: Payload, after: Routine
) -> dict[str, Any]:
    """{"summary": sentence, "changes": [{"slug", "change", "because", "cause"}]} in the order of the new routine.

    `change` is added, removed, longer, shorter or moved. Raises RequestError for a malformed payload.
    """
    c = Compared(catalog, _side(catalog, before_payload, before), _side(catalog, after_payload, after))
    old, new = c.before.items, c.after.items
    removed, added = [s for s in old if s not in new], [s for s in new if s not in old]
    _general(c, removed, added)
    for slug in removed:
        if (slug, "removed") not in c.found:
            _left(c, slug)
    for slug in added:
        if (slug, "added") not in c.found:
            _came(c, slug)
    _exchange(c, removed, added)
    for slug in (s for s in new if s in old):
        _dose(c, slug)
    for slug in moved(old, new):
        _moved(c, slug)
    order = {slug: n for n, slug in enumerate([*new, *removed])}
    entries = [
        {"slug": slug, "change": change, "because": cause.because, "cause": cause.code}
        for (slug, change), cause in sorted(c.found.items(), key=lambda e: (order[e[0][0]], e[0][1]))
    ]
    return {"summary": _summary(entries), "changes": entries}


def _side(catalog: Catalog, payload: Payload, routine: Routine) -> Side:
    return Side(parse(payload, catalog), routine, {item["slug"]: item for item in routine["items"]})


def _general(c: Compared, removed: list[str], added: list[str]) -> None:
    """What explains everything at once: a red flag, another request, another catalogue or model and nothing else."""
    one, other = c.before, c.after
    if other.routine["status"] == "refer":
        for slug in removed:
            c.explain(slug, "removed", "refer", "You have a sign that needs care first.")
    if one.routine["status"] == "refer":
        for slug in added:
            c.explain(slug, "added", "cleared", "No sign speaks against moving any more.")
    asked = [(s.request.kind, s.request.activity, s.request.demand) for s in (one, other)]
    general = None
    if asked[0] != asked[1]:
        general = ("request", "The request is for something else.")
    elif one.request == other.request and one.routine["model"] != other.routine["model"]:
        general = ("model", "A newer model makes the routine.")
    elif one.request == other.request and one.routine["catalog"] != other.routine["catalog"]:
        general = ("catalog", "The catalogue changed.")
    for slug, change in [*((s, "removed") for s in removed), *((s, "added") for s in added)]:
        if general:
            c.explain(slug, change, *general)


def _left(c: Compared, slug: str) -> None:
    """Why an item went, where the new request itself says so."""
    exercise = c.exercise(slug)
    if exercise is None:
        c.explain(slug, "removed", "catalog", "It left the catalogue.")
        return
    cause = barred(c.catalog, c.after.request, exercise)
    if cause:
        c.explain(slug, "removed", cause.code, cause.because)
        return
    one, other = c.before.request, c.after.request
    days = past(other, slug, "days_since")
    if days <= 3 and days < past(one, slug, "days_since"):
        when = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
        c.explain(slug, "removed", "recent", f"You did it {when}.")
    for column in ("skipped", "swapped"):
        if past(other, slug, column) > past(one, slug, column):
            c.explain(slug, "removed", column, f"You {column} it.")
    if c.before.items[slug].get("propensity", 1) < 1:
        c.explain(slug, "removed", "explored", "It was drawn last time, to learn whether it suits you.")


def _came(c: Compared, slug: str) -> None:
    """Why an item came, where the difference between the requests says so."""
    exercise = c.exercise(slug)
    if exercise is None:
        return
    cause = barred(c.catalog, c.before.request, exercise)
    if cause:
        c.explain(slug, "added", cause.code, cause.over)
        return
    was, now = c.before.request, c.after.request
    if past(now, slug, "rating") > max(past(was, slug, "rating"), 0):
        c.explain(slug, "added", "liked", "You liked it.")
    elif past(was, slug, "days_since") <= 3 < past(now, slug, "days_since"):
        c.explain(slug, "added", "rested", "It is some days since you did it.")
    else:
        asked = {*now.deficit_moves, *now.deficit_muscles} - {*was.deficit_moves, *was.deficit_muscles}
        if asked & {*exercise["moves"], *exercise["primary_muscles"], *exercise["secondary_muscles"]}:
            c.explain(slug, "added", "deficit", "You asked for more range here.")
    if c.after.items[slug].get("propensity", 1) < 1:
        c.explain(slug, "added", "explored", "It was drawn among the best, to learn whether it suits you.")


def _exchange(c: Compared, removed: list[str], added: list[str]) -> None:
    """The rest goes in pairs, one coming for one going, of one phase where possible; then by the time there is."""
    going = [s for s in removed if (s, "removed") not in c.found]
    coming = [s for s in added if (s, "added") not in c.found]
    for slug, other in _pairs(c, going, coming):
        code, words = _larger_part(c, slug, other)
        c.explain(slug, "removed", code, f"{c.name(other)} took its place: {words}.")
        c.explain(other, "added", code, f"It took the place of {c.name(slug)}: {words}.")
    explained = [s for s in removed if (s, "removed") in c.found and s not in going]
    left = [s for s in coming if (s, "added") not in c.found]
    for slug, other in _pairs(c, explained, left):
        c.explain(other, "added", "replaces", f"It took the place of {c.name(slug)}.")
    arrived = [s for s in added if (s, "added") in c.found and s not in coming]
    for slug, other in _pairs(c, [s for s in going if (s, "removed") not in c.found], arrived):
        c.explain(slug, "removed", "replaced", f"{c.name(other)} took its place.")
    for slug in removed:
        c.explain(slug, "removed", *_time(c, shorter=True))
    for slug in added:
        c.explain(slug, "added", *_time(c, shorter=False))


def _pairs(c: Compared, going: list[str], coming: list[str]) -> list[tuple[str, str]]:
    """One to one: the nearest of the same phase first, then the nearest of any."""
    old, new = list(c.before.items), list(c.after.items)

    def distance(pair: tuple[str, str]) -> tuple[bool, int, int]:
        a, b = pair
        other_phase = c.before.items[a]["phase"] != c.after.items[b]["phase"]
        return other_phase, abs(old.index(a) - new.index(b)), old.index(a)

    pairs: list[tuple[str, str]] = []
    for a, b in sorted(product(going, coming), key=distance):
        if all(a != x and b != y for x, y in pairs):
            pairs.append((a, b))
    return pairs


def _larger_part(c: Compared, gone: str, came: str) -> tuple[str, str]:
    """The part of the score in which the newcomer is furthest ahead of what went; none is asked that cannot be why."""
    one, other = c.before.request, c.after.request
    reseeded = one.seed != other.seed
    if reseeded and replace(one, seed=0) == replace(other, seed=0):
        return "variety", PART_WORDS["variety"]
    idle = set() if reseeded else {"variety"}
    idle |= set() if other.deficit_moves or other.deficit_muscles else {"deficits"}
    old, new = c.before.items[gone]["parts"], c.after.items[came]["parts"]
    part = max((name for name in PARTS if name not in idle), key=lambda name: new[name] - old[name])
    if new[part] <= old[part]:
        return "order", "it goes better with the rest"
    return part, PART_WORDS[part]


def _time(c: Compared, *, shorter: bool) -> tuple[str, str]:
    """What the time says: strain, another budget, or room that others took or left."""
    less = c.after.budget < c.before.budget
    if c.after.budget != c.before.budget and less == shorter:
        if c.after.strained != c.before.strained:
            return ("strain", "The last sessions were harder than planned, so there is less time.") if less else (
                "strain", "The last session went as planned, so there is all the time again."
            )  # fmt: skip
        return "budget", f"There is {'less' if less else 'more'} time than before."
    return ("room", "Others take its time.") if shorter else ("room", "Others left time for it.")


def _dose(c: Compared, slug: str) -> None:
    old, new = c.before.items[slug], c.after.items[slug]
    was, now = _measure(old), _measure(new)
    if was == now:
        return
    change, less = ("shorter", True) if now < was else ("longer", False)
    exercise = c.exercise(slug)
    if (
        exercise
        and exercise["type"] == "static_stretch"
        and c.before.request.age < 65 <= c.after.request.age
        and not less
    ):
        c.explain(slug, change, "age", "Holds are longer from 65 on.")
        return
    reduced = ["reduced_dose" in side.routine["warnings"] for side in (c.before, c.after)]
    fresh = set(c.after.request.conditions) ^ set(c.before.request.conditions)
    if fresh and reduced == [not less, less]:
        names = ", ".join(label(c.catalog, "conditions", code) for code in sorted(fresh))
        c.explain(
            slug,
            change,
            "condition",
            f"{'Smaller dose' if less else 'Whole dose again'}: {names}.",
        )
        return
    c.explain(slug, change, *_time(c, shorter=less))


def _measure(item: Document) -> tuple[int, int]:
    """Seconds of work, then of the whole item without its transition."""
    return item["sets"] * item["work_s_per_side"] * item["sides"], seconds(item) - int(item["transition_s"])


def moved(old: Mapping[str, Document], new: Mapping[str, Document]) -> list[str]:
    """What stands elsewhere: the fewest without which the rest keep their order, and what has another position."""
    common = [slug for slug in new if slug in old]
    place = {slug: n for n, slug in enumerate(old)}
    best: list[list[str]] = []
    for n, slug in enumerate(common):
        runs = [best[k] for k in range(n) if place[common[k]] < place[slug]]
        best.append([*longest(runs), slug])
    kept = set(longest(best))
    return [s for s in common if s not in kept or old[s]["position"] != new[s]["position"]]


def longest(runs: list[list[str]]) -> list[str]:
    """The first of the longest; nothing of none."""
    return max(runs, key=len) if runs else []


def _moved(c: Compared, slug: str) -> None:
    """Another position; a neighbour it shares its position with, where that is why; else the others."""
    order = list(c.after.items)
    at = order.index(slug)
    position = c.after.items[slug]["position"]
    words = label(c.catalog, "positions", position)
    if c.before.items[slug]["position"] != position:
        c.explain(slug, "moved", "position", f"Its position is another: {words}.")
        return
    for other in [*order[at - 1 : at], *order[at + 1 : at + 2]]:
        if c.after.items[other]["position"] == position:
            c.explain(
                slug,
                "moved",
                "flow",
                f"It stands next to {c.name(other)}, in the same position: {words}.",
            )
            return
    c.explain(slug, "moved", "order", "The order follows what came and went.")


def _summary(entries: list[dict[str, Any]]) -> str:
    if not entries:
        return "Nothing changed since last time."
    counts = Counter(entry["change"] for entry in entries)
    words = {"added": "new", "removed": "gone", "longer": "longer", "shorter": "shorter", "moved": "moved"}
    what = ", ".join(f"{counts[change]} {word}" for change, word in words.items() if counts[change])
    causes = Counter(SUMMED_UP[entry["cause"]] for entry in entries if entry["cause"] in SUMMED_UP)
    roots = [words for words, _ in causes.most_common(3)]
    if not roots:
        return f"Since last time: {what}."
    why = roots[0] if len(roots) == 1 else f"{', '.join(roots[:-1])} and {roots[-1]}"
    return f"Since last time: {what}, because of {why}."


def changed_text(told: Mapping[str, Any], catalog: Catalog) -> str:
    """The comparison for a terminal: the summary, then a line for each change."""
    names = {exercise["slug"]: exercise["name"] for exercise in catalog.exercises}
    entries = told["changes"]
    widths = [max((len(entry["change"]) for entry in entries), default=0), 0]
    widths[1] = max((len(names.get(entry["slug"], entry["slug"])) for entry in entries), default=0)
    lines = [
        f"  {e['change'].ljust(widths[0])}  {names.get(e['slug'], e['slug']).ljust(widths[1])}  {e['because']}"
        for e in entries
    ]
    return "\n".join([told["summary"], *lines])
