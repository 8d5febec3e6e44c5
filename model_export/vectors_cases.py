"""The requests of the shared vectors: random people, edges of what may be asked, ties on purpose, and mistakes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from model_export import sampling
from model_export.encode import Catalog, Document, fnv1a
from model_export.request import LEVELS, RequestError, parse
from model_export.vectors_checker import patched

SEED = 20261123
BUNDLE, TWINS, EDGES = 550, 250, 200
CASES = BUNDLE + TWINS + EDGES
MISTAKES = 400
TWIN_OF_EVERY = 3
LETTERS = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
ENDING = 6
TRIED = 2**18
STRIDE = 2654435761  # spreads the endings that are tried; shorter or neighbouring ones never collide
Payload = dict[str, Any]

STRANGE: tuple[dict[str, Any], ...] = (
    {"hazards": ["zero_gravity"]}, {"equipment": ["trapeze"]}, {"positions": ["floating"]},
    {"primary_muscles": ["tail"]},
    {"moves": ["tail.rotation"], "activities": ["quidditch"]}, {"phases": ["afterglow"]},
    {"met": 3.25, "dose": {"mode": "time", "work_s_per_side": 30, "sides": 1, "reps": None, "sec_per_rep": None}},
)  # fmt: skip
STRANGE_CODES: dict[str, dict[str, Any]] = {
    "hazards": {"zero_gravity": {"label": "Zero gravity", "regions": ["neck"]}},
    "equipment": {"trapeze": {"label": "Trapeze"}},
    "positions": {"floating": {"label": "Floating"}}, "muscles": {"tail": {"label": "Tail", "region": "lumbar_spine"}},
    "moves": {"tail.rotation": {"label": "Tail rotation"}}, "phases": {"afterglow": {"label": "Afterglow"}},
}  # fmt: skip
"""Codes that the catalogue knows and the model does not, as after a catalogue's release without a model's."""


def twins(catalog: Catalog) -> dict[str, Any]:
    """What the catalogue `twins` has besides the bundle's: {"exercises": [{"of", "slug", "changes"}], "vocabulary"}.

    Every third exercise gets two copies whose slugs have the same FNV-1a hash: their noise is the same for every
    seed, so their scores tie whenever they are compared, and only the order of the catalogue decides. A few more
    use codes that the model does not know: they must be blocked, or only lose the weight.
    """
    found: list[dict[str, Any]] = []
    for exercise in catalog.exercises[::TWIN_OF_EVERY]:
        found += [
            {"of": exercise["slug"], "slug": slug, "changes": {}} for slug in colliding(exercise["slug"])
        ]
    for number, changes in enumerate(STRANGE):
        of = catalog.exercises[(number * 37 + 5) % len(catalog.exercises)]["slug"]
        found.append({"of": of, "slug": f"strange-{number}-{of}", "changes": changes})
    return {"exercises": found, "vocabulary": STRANGE_CODES}


def colliding(slug: str) -> list[str]:
    """Two slugs made from this one that have the same FNV-1a hash: among 2^18 endings there are a few such pairs."""
    start = fnv1a(f"{slug}-")
    number = np.arange(TRIED, dtype=np.uint64) * np.uint64(STRIDE) % np.uint64(len(LETTERS) ** ENDING)
    letters = (
        number[:, None]
        // np.uint64(len(LETTERS)) ** np.arange(ENDING, dtype=np.uint64)
        % np.uint64(len(LETTERS))
    )
    endings = LETTERS[letters.astype(np.int64)]
    hashes = np.full(TRIED, start, np.uint32)
    for letter in endings.T:
        hashes = (hashes ^ letter) * np.uint32(16777619)
    order = np.argsort(hashes, kind="stable")
    same = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])
    pair = min((int(order[i]), int(order[i + 1])) for i in same)
    return [f"{slug}-{bytes(endings[n]).decode()}" for n in pair]


def payloads(catalogs: Mapping[str, Catalog], learned: str) -> Iterator[tuple[str, Payload]]:
    """(catalogue, payload) of every case; `learned` is the text of a learned state."""
    rng = np.random.default_rng(SEED)
    bundle = catalogs["bundle"]
    for number in range(BUNDLE):
        yield "bundle", sampling.payload(rng, bundle, red_flags=number % 25 == 0)
    for _ in range(TWINS):
        yield "twins", sampling.payload(rng, catalogs["twins"])
    changes = [*edges(bundle), {"history.learned": learned}, {"history.learned": learned[:-4]}]
    for number in range(EDGES):
        payload = sampling.payload(rng, bundle)
        for path, value in changes[number % len(changes)].items():
            put(payload, path, value(rng) if callable(value) else value)
        yield ("bundle", "twins")[number % 2], payload


def put(payload: Payload, path: str, value: Any) -> None:
    *steps, last = path.split(".")
    for step in steps:
        payload = payload.setdefault(step, {})
    payload[last] = value


def edges(catalog: Catalog) -> list[dict[str, Any]]:
    """Changes to a random payload, dotted path to value: the ends of ranges, everything at once, nothing at all."""
    codes = catalog.codes
    slugs = [exercise["slug"] for exercise in catalog.exercises]
    worst = {"days_since": 0, "done": 100_000, "skipped": 9, "swapped": 9, "rating": -1, "pain": 10}
    best = {"days_since": 3650, "done": 3, "rating": 1}
    hard = [{"days_since": n, "rpe": 9, "target": 4} for n in range(12)]

    def custom(rng: np.random.Generator) -> dict[str, Any]:
        chosen = {
            part: {str(code): int(rng.integers(0, 4)) for code in rng.choice(codes(part), 6, replace=False)}
            for part in ("muscles", "moves")
        }
        return {**chosen, "explosive": int(rng.integers(0, 4)), "met": float(rng.integers(4, 100)) / 4}

    return [
        {"request.budget_s": 120}, {"request.budget_s": 3600}, {"request.budget_s": 299}, {"request.budget_s": 300},
        {"profile.age": 7}, {"profile.age": 13}, {"profile.age": 65}, {"profile.age": 120}, {"profile": {}},
        {"profile": None},
        {"request.activity": custom, "request.kind": "warmup"},
        {"request.activity": custom, "request.kind": "cooldown"},
        {"request.activity": {}}, {"request.activity": {"muscles": {"quads": 3}, "moves": {}}},
        {"profile.conditions": codes("conditions")}, {"profile.constraints": codes("constraints")},
        {"profile.constraints": ["no_floor", "no_kneel", "no_jump", "small_space"], "profile.equipment": []},
        {"profile.constraints": ["seated_only"]}, {"profile.equipment": [*codes("equipment"), "none"]},
        {"profile.equipment": ["none"], "profile.conditions": []}, {"profile.acute_regions": codes("regions")},
        {"profile.soreness": codes("regions"), "profile.deficits": codes("regions")},
        {"profile.deficits": [*codes("moves"), *codes("muscles")]},
        {"profile.blood_pressure": {"systolic": 200}},
        {"profile.blood_pressure": {"systolic": 199, "diastolic": 110}},
        {"profile.blood_pressure": {"systolic": 199, "diastolic": 109}}, {"profile.red_flags": codes("red_flags")},
        {"seed": 0}, {"seed": 2**32 - 1, "explore": True}, {"seed": 2**31, "explore": True}, {"explore": True},
        {"history": None}, {"history": {"exercises": dict.fromkeys(slugs[::2], worst)}},
        {"history": {"exercises": dict.fromkeys(slugs[1::2], best) | {"gone-for-good": {"done": 3}}}},
        {"history": {"sessions": hard}},
        {"history": {"sessions": hard[:2]}, "request.kind": "warmup", "profile.level": "trained"},
        {"history": {"sessions": [*hard[:1], {"rpe": 5}, *hard]}},
        {"history": {"sessions": [{"rpe": 6}, {"rpe": 6}]}},
        {"history": {"pain": {code: {"days_since": 7} for code in codes("regions")}}},
        {"history": {"pain": {"knee": {"days_since": 8, "level": 9}, "ankle": {"level": 0}, "hip": {}}}},
        {"request.local_time": "07:59", "profile.conditions": ["lumbar_disc"]},
        {"request.local_time": "2026-11-23T23:59:59"}, {"request.gap_s": 0}, {"request.gap_s": 179},
        {"request.gap_s": 86_400}, {"request.gap_s": 1801, "request.kind": "warmup"},
        {"profile.level": lambda rng: str(rng.choice(LEVELS))},
    ]  # fmt: skip


WRONG: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 3, 7.5, 119, 3601, 1e9, 600.0, "", "knee", "warmup", "07:30", "24:00", "7:30",
    "07:30:61",
    "2026-11-23T07:30", "2026-11-23 07:30", [], ["knee"], ["knee_oa", "knee_oa"], ["none"], [None], [3], [[]], {},
    {"knee": 3},
    {"met": 0.5}, {"muscles": {"quads": 4}}, {"moves": {"tail": 1}}, {"muscles": None},
    {"knee": {"days_since": 3651}},
    {"cat-cow": {"pain": 11}}, {"cat-cow": None}, {"cat-cow": {"done": None}}, {"gone": 7}, [{"rpe": 11}], [{}],
    [{"rpe": 7}],
)  # fmt: skip
"""Values that are put anywhere into a good payload; some are right in some places."""


def requests(catalog: Catalog) -> dict[str, Any]:
    """{"good": a full payload, "cases": [{"patch", "field"}]}.

    `field` is what a refusal of the patched payload names, null where it is well-formed. The patch is one of
    vectors_checker's; the payload stands at /payload.
    """
    rng = np.random.default_rng(SEED + 1)
    good = full(catalog)
    places = [*paths(good)]
    wholes: tuple[Any, ...] = (None, [], "warmup", 3, {}, {"request": None})
    tried: list[tuple[str, str, Any]] = [("/payload", "replace", instead) for instead in wholes]
    tried += [(f"/payload/request/{name}", "remove", None) for name in ("kind", "activity", "budget_s")]
    while len(tried) < MISTAKES:
        path = places[rng.integers(len(places))]
        value = WRONG[rng.integers(len(WRONG))]
        if rng.random() < 0.1 and isinstance(path[-1], str):
            path, value = (*path[:-1], "colour"), "red"
        tried.append(
            ("/".join(["/payload", *map(str, path)]), "add" if path[-1] == "colour" else "replace", value)
        )
    cases = {}
    for pointer, op, value in tried:
        patch = [{"op": op, "path": pointer, **({} if op == "remove" else {"value": value})}]
        payload = patched({"payload": good}, patch)["payload"]
        cases[json.dumps(patch)] = {"patch": patch, "field": field_of(payload, catalog)}
    return {"good": good, "cases": [*cases.values()]}


def field_of(payload: Any, catalog: Catalog) -> str | None:
    try:
        parse(payload, catalog)
    except RequestError as error:
        return error.field
    return None


def full(catalog: Catalog) -> Payload:
    """A payload with every field in it."""
    conditions: list[str] = catalog.codes("conditions")
    return {
        "request": {
            "kind": "warmup", "activity": {"muscles": {"quads": 3}, "moves": {"hip.extension": 2}, "explosive": 1,
            "met": 6},
            "budget_s": 600, "local_time": "07:30", "gap_s": 60,
        },
        "profile": {
            "age": 40, "sex": "female", "level": "trained", "conditions": conditions[:2], "constraints": ["no_floor"],
            "equipment": ["mat", "none"], "red_flags": [], "deficits": ["hip.extension", "ankle", "quads"],
            "soreness": ["knee"], "acute_regions": [], "blood_pressure": {"systolic": 120, "diastolic": 80},
        },
        "history": {
            "exercises": {"cat-cow": {"days_since": 2, "done": 3, "skipped": 1, "swapped": 0, "rating": 1,
            "pain": 0}},
            "sessions": [{"days_since": 1, "rpe": 6, "target": 4}], "pain": {"knee": {"days_since": 3, "level": 4}},
        },
        "seed": 4, "explore": True,
    }  # fmt: skip


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, but for the value itself."""
    entries: list[tuple[Any, Document]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    for step, inner in entries:
        yield (*above, step)
        yield from paths(inner, (*above, step))
