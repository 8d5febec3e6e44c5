"""The `score` rules of a single routine, measured. Each measure is a number with the bound it should keep.

A rule may have several parts (W10: muscles, movements); it is met when all parts are. A rule that does not speak of a
routine (its kind, time, person or activity is another) does not apply and is left out. Bounds are those of
server/catalog/seed/rules.json; where a rule leaves one open, the function says what was taken and why.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from model_export.evidence.reading import HELD, Reading, Slot, muscles_of

RANGE_WORK = HELD | {"dynamic_stretch", "mobility"}
HOLDS = {"cooldown": 0.6, "mobility": 0.35}
"""Share of the time that holds are meant to take (evidence.md, default splits; of mobility: judgement)."""
TEAM_SPORTS = frozenset(
    {"football", "rugby_contact", "basketball", "volleyball", "throw_sport", "skate_hockey"}
)


@dataclass(frozen=True)
class Part:
    """One number of a rule and the bounds it should keep, in the unit of the rule; None is open."""

    rule: str
    part: str
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def met(self) -> bool:
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    @property
    def bound(self) -> str:
        if self.low is None:
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


Rule = Callable[[Reading], Iterator[Part]]
RULES: dict[str, Rule] = {}
"""Score rule of a single routine -> what measures it; no part where it does not apply."""


def rule(name: str) -> Callable[[Rule], Rule]:
    def register(measured: Rule) -> Rule:
        RULES[name] = measured
        return measured

    return register


def measure(reading: Reading) -> dict[str, list[Part]]:
    """Rule -> its parts, for the rules that apply. A referred person has no routine to measure."""
    if not reading.slots:
        return {}
    found = {name: list(measured(reading)) for name, measured in RULES.items()}
    return {name: parts for name, parts in found.items() if parts}


def mean_met(slots: Iterable[Slot], begin: float = 0, end: float = math.inf) -> float | None:
    """Mean MET of the items between two times, weighted by their seconds there; None where there are none."""
    spans = [(slot.within(begin, end), slot.met) for slot in slots]
    time = sum(span for span, _ in spans)
    return sum(span * met for span, met in spans) / time if time else None


def share(of: set[str], covered: set[str]) -> float:
    return len(of & covered) / len(of)


@rule("W04")
def raise_intensity(r: Reading) -> Iterator[Part]:
    """Every item of the raise phase at 2.5 to 9 MET; its mean 3 to 6 for the recreational."""
    slots = [slot for slot in r.slots if slot.item["phase"] == "raise"]
    if r.kind != "warmup" or not slots:
        return
    yield Part("W04", "lowest MET", min(slot.met for slot in slots), low=2.5)
    yield Part("W04", "highest MET", max(slot.met for slot in slots), high=9)
    mean = mean_met(slots)
    if r.level == "recreational" and mean is not None:
        yield Part("W04", "mean MET", mean, low=3, high=6)


def impact_excluded(r: Reading) -> bool:
    """Whether a wish, a condition or the age keeps every landing out."""
    excluded = {
        h for code in r.profile.get("conditions") or () for h in r.catalog.conditions[code]["exclude"]
    }
    return "no_jump" in (r.profile.get("constraints") or ()) or "impact" in excluded


@rule("W05")
def rising_intensity(r: Reading) -> Iterator[Part]:
    if r.kind != "warmup" or r.explosive < 2:
        return
    third = r.total / 3
    middle, last = mean_met(r.slots, third, 2 * third), mean_met(r.slots, 2 * third, r.total)
    if middle is not None and last is not None:
        yield Part("W05", "last third less middle, MET", last - middle, low=-0.2)
    peak = max((slot.met for slot in r.slots if slot.within(2 * third, r.total) > 0), default=0.0)
    ratio = 0.4 if impact_excluded(r) else 0.5
    yield Part("W05", "peak of the last third to the activity", peak / r.activity_met, low=ratio)


@rule("W06")
def little_fatigue(r: Reading) -> Iterator[Part]:
    """Work at 6 MET and more as a share of the time. A beginner gets the recreational bound."""
    if r.kind == "warmup":
        hard = sum(slot.work for slot in r.slots if slot.met >= 6)
        yield Part(
            "W06", "share at 6 MET and more", hard / r.total, high=0.5 if r.level == "trained" else 0.35
        )


@rule("W07")
def gap_before_the_start(r: Reading) -> Iterator[Part]:
    """A gap over 900 s is answered by a warning: then it counts as met."""
    gap = r.payload["request"].get("gap_s")
    if r.kind == "warmup" and gap is not None:
        warned = "rewarm" in r.routine["warnings"]
        yield Part("W07", "unanswered gap, s", 0 if warned else gap, high=900)


@rule("W10")
def activity_coverage(r: Reading) -> Iterator[Part]:
    if r.kind != "warmup" or r.budget < 480:
        return
    muscles, moves = r.most_demanded()
    worked = set().union(*(muscles_of(slot.exercise) for slot in r.slots))
    moved = {move for slot in r.slots for move in slot.exercise["moves"]}
    if muscles:
        yield Part("W10", "muscles", share(muscles, worked), low=0.8)
    if moves:
        yield Part("W10", "movements", share(moves, moved), low=0.7)


@rule("S05")
def dynamic_by_default(r: Reading) -> Iterator[Part]:
    if r.kind != "warmup":
        return
    total = sum(slot.work for slot in r.slots)
    dynamic = sum(slot.work for slot in r.of_type("dynamic_stretch", "mobility"))
    yield Part("S05", "dynamic share of the work", dynamic / total, low=0.2)
    excluded = {
        h for code in r.profile.get("conditions") or () for h in r.catalog.conditions[code]["exclude"]
    }
    if r.level == "beginner" or r.age >= 60 or "ballistic" in excluded:
        swings = sum("ballistic" in slot.hazards for slot in r.slots)
        yield Part("S05", "ballistic items", swings, high=0)


@rule("S07")
def short_holds_for_range(r: Reading) -> Iterator[Part]:
    if r.kind == "warmup" and r.activity in {"dance", "yoga_pilates", "grappling"}:
        longest = max((slot.item["work_s_per_side"] for slot in r.of_type("static_stretch")), default=0)
        yield Part("S07", "longest hold, s", longest, high=30)


def held_seconds(r: Reading) -> dict[str, int]:
    """Muscle -> seconds per side of static and contract-relax stretching with it as a target."""
    held: dict[str, int] = defaultdict(int)
    for slot in r.of_type(*HELD):
        for muscle in slot.exercise["primary_muscles"]:
            held[muscle] += slot.per_side
    return dict(held)


def deficit_muscles(r: Reading) -> set[str]:
    """Muscles that the person asked more range for, by name or by region."""
    codes = set(r.profile.get("deficits") or ())
    return {
        m for m, entry in r.catalog.vocabulary["muscles"].items() if m in codes or entry["region"] in codes
    }


def targets(r: Reading) -> tuple[set[str], set[str]]:
    """Stretched muscles that have priority (demand 3, or a deficit), and the others."""
    held = held_seconds(r).keys()
    priority = (r.most_demanded()[0] | deficit_muscles(r)) & held
    return priority, held - priority


@rule("F03")
def stretch_dose(r: Reading) -> Iterator[Part]:
    """Share of the stretched muscles that get their seconds per side.

    Priority: demand 3, or a deficit. Budget permitting: 60 s a side where so much for all that has priority fits into
    the time for holds (HOLDS), else 30 s; under five minutes the rule is silent.
    """
    held = held_seconds(r)
    if r.kind not in HOLDS or r.budget < 300 or not held:
        return
    priority, others = targets(r)
    wanted = len(r.most_demanded()[0] | deficit_muscles(r))
    enough = 60 if 2 * 60 * wanted <= HOLDS[r.kind] * r.budget else 30
    if priority:
        yield Part(
            "F03", f"priority at {enough} s", sum(held[m] >= enough for m in priority) / len(priority), low=1
        )
    if others:
        yield Part("F03", "others at 30 s", sum(held[m] >= 30 for m in others) / len(others), low=1)


@rule("F10")
def bouts_per_target(r: Reading) -> Iterator[Part]:
    """Share of the stretched muscles with priority that get two bouts or more, of any work for range."""
    priority, _ = targets(r)
    if r.kind != "mobility" or not priority:
        return
    bouts: dict[str, int] = defaultdict(int)
    for slot in r.of_type(*RANGE_WORK):
        for muscle in slot.exercise["primary_muscles"]:
            bouts[muscle] += slot.item["sets"]
    yield Part("F10", "priority with two bouts", sum(bouts[m] >= 2 for m in priority) / len(priority), low=1)


@rule("N01")
def eleven_plus_template(r: Reading) -> Iterator[Part]:
    """The 11+ in outline: 10 of 20 minutes running, 10 strength, plyometrics and balance, running last, 15 exercises.

    A fifth less is let pass in each: transitions count here and not there, and the catalogue is another.
    """
    if r.kind != "warmup" or r.activity != "football" or r.budget < 1080 or r.age < 14:
        return
    running = sum(slot.end - slot.begin for slot in r.of_type("pulse_raiser", "skill_drill"))
    strength = sum(slot.end - slot.begin for slot in r.of_type("activation", "balance", "potentiation"))
    yield Part("N01", "running, share of the time", running / r.total, low=0.4)
    yield Part("N01", "strength, jumps, balance, share", strength / r.total, low=0.4)
    yield Part("N01", "exercises", len(r.slots), low=12)
    yield Part("N01", "ends with running", r.slots[-1].type in {"skill_drill", "pulse_raiser"}, low=1)
    for needed in ("activation", "balance", "potentiation"):
        if needed != "potentiation" or r.level != "beginner":  # P02
            yield Part("N01", f"{needed} items", len(r.of_type(needed)), low=1)


@rule("N03")
def neuromuscular_mix(r: Reading) -> Iterator[Part]:
    """Team sport: the catalogue does not say which those are, TEAM_SPORTS does."""
    if r.kind != "warmup" or r.activity not in TEAM_SPORTS or r.budget < 900:
        return
    yield Part("N03", "activation items", len(r.of_type("activation")), low=2)
    yield Part("N03", "balance items", len(r.of_type("balance")), low=1)
    yield Part("N03", "drills or jumps", len(r.of_type("skill_drill", "potentiation")), low=1)


@rule("O11")
def long_warmup_for_asthma(r: Reading) -> Iterator[Part]:
    """Ten minutes are suggested: a shorter one that says so counts as met."""
    if r.kind == "warmup" and r.has("exercise_asthma"):
        warned = "time_too_short" in r.routine["warnings"]
        yield Part("O11", "unanswered lack of time, s", 0 if warned else max(600 - r.total, 0), high=0)


def level_changes(r: Reading) -> int:
    """Times the routine goes down to the floor or up again."""
    floor = r.catalog.vocabulary["floor_positions"]
    down = [slot.item["position"] in floor for slot in r.slots]
    return sum(a != b for a, b in pairwise(down))


@rule("U03")
def few_level_changes(r: Reading) -> Iterator[Part]:
    yield Part("U03", "floor and standing changes", level_changes(r), high=math.ceil(2 * r.budget / 600))


def met_of(parts: Mapping[str, list[Part]]) -> dict[str, bool]:
    """Rule -> whether all its parts are met."""
    return {name: all(part.met for part in entries) for name, entries in parts.items()}
