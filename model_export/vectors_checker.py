"""Tampered routines for the shared vectors: what the safety checker, in every language, must find broken.

A case is a routine of the file, a JSON Patch (RFC 6902: add, remove, replace, copy) of {"payload",
"routine"} and the rules
that the result breaks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from model_export.checker import check
from model_export.checker_case import CHECKS
from model_export.decode import decode
from model_export.encode import Catalog
from model_export.request import parse
from model_export.runtime import impossible

if TYPE_CHECKING:
    from model_export.vectors import Models

Operation = dict[str, Any]

SEED = 20261124
RANDOM = 260
KIT = ["chair", "mat", "step", "doorway", "strap"]
PEOPLE: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
    ("warmup", "run_distance", 720, {"level": "recreational"}),
    ("warmup", "football", 1200, {"level": "trained", "age": 24}),
    ("warmup", "run_distance", 600, {"conditions": ["cardiac"], "age": 58}),
    ("warmup", "basketball", 900, {"conditions": ["ankle_instability"], "level": "beginner"}),
    ("cooldown", "run_distance", 900, {"level": "recreational", "conditions": ["achilles_tendinopathy"]}),
    ("cooldown", "football", 600, {"age": 70, "conditions": ["pregnancy_t1"]}),
    ("mobility", "run_distance", 1200, {"age": 70}),
    ("mobility", "football", 900, {"conditions": ["hypermobility"], "constraints": ["no_kneel"]}),
    ("desk_break", "desk_work", 300, {"constraints": ["no_floor", "small_space"]}),
    ("mobility", "desk_work", 600, {"age": 12, "equipment": ["foam_roller", "mat"]}),
)


def patched(document: Any, patch: Sequence[Operation]) -> Any:
    """RFC 6902 without `move` and `test`; pointers without escapes."""
    result = copy.deepcopy(document)
    for operation in patch:
        into, key = _place(result, operation["path"])
        value = copy.deepcopy(operation.get("value"))
        if operation["op"] == "copy":
            source, place = _place(result, operation["from"])
            value = copy.deepcopy(source[place])
        if operation["op"] == "remove":
            del into[key]
        elif isinstance(into, list) and operation["op"] != "replace":
            into.insert(key, value)
        else:
            into[key] = value
    return result


def _place(document: Any, pointer: str) -> tuple[Any, Any]:
    *steps, last = pointer.split("/")[1:]
    for step in steps:
        document = document[int(step) if isinstance(document, list) else step]
    if isinstance(document, list):
        return document, len(document) if last == "-" else int(last)
    return document, last


def cases(models: Models, catalog: Catalog) -> dict[str, Any]:
    """{"checks": their names, "routines": [{"payload", "routine"}], "cases": [{"routine": its index, "patch",
    "rules"}]}."""
    routines = [_routine(models, catalog, *person) for person in PEOPLE]
    rng = np.random.default_rng(SEED)
    found = [{"routine": n, "patch": [], "rules": []} for n in range(len(routines))]
    patches = [(n, patch) for n, base in enumerate(routines) for patch in by_hand(base) if patch]
    for _ in range(RANDOM):
        number = int(rng.integers(len(routines)))
        base = routines[number]
        patches.append((number, [tamper(rng, base, catalog) for _ in range(rng.integers(1, 4))]))
    for number, patch in patches:
        result = patched(routines[number], patch)
        rules = sorted({v.rule for v in check(catalog, result["payload"], result["routine"])})
        found.append({"routine": number, "patch": patch, "rules": rules})
    return {"checks": sorted(CHECKS), "routines": routines, "cases": found}


def _routine(
    models: Models,
    catalog: Catalog,
    kind: str,
    activity: str,
    budget_s: int,
    profile: dict[str, Any],
) -> dict[str, Any]:
    payload = {
        "request": {"kind": kind, "activity": activity, "budget_s": budget_s},
        "profile": {"equipment": KIT, **profile}, "history": {"exercises": {}}, "seed": 1,
    }  # fmt: skip
    generator, request = models.generator, parse(payload, catalog)
    outputs = models.run(catalog, request, np.zeros(len(catalog.exercises), np.int32))
    routine = decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256)
    violations = check(catalog, payload, routine)
    if violations or impossible(catalog, request, outputs, routine, violations):
        raise ValueError(f"no routine to tamper with for {payload}: {violations}")
    return {"payload": payload, "routine": routine}


def by_hand(base: Mapping[str, Any]) -> list[list[Operation]]:
    """Changes of the person after the fact, each of which some rule must notice in some routine."""
    items = base["routine"]["items"]
    last, slug = len(items) - 1, items[len(items) // 2]["slug"]
    balancing = [n for n, item in enumerate(items) if item["rules"][0] in ("O01", "K06", "N03")]
    asthma = _set("/payload/profile/conditions", ["exercise_asthma"])
    nothing, flags = _set("/routine/items", []), _set("/payload/profile/red_flags", ["chest_pain"])
    referred, history = _set("/routine/status", "refer"), "/payload/history"
    return [
        [flags], [referred], [referred, nothing], [referred, nothing, flags], [nothing],
        [_set("/routine/warnings", [])],
        [_set("/payload/profile/blood_pressure", {"systolic": 200})],
        [_set("/routine/total_s", 0)],
        [_set(f"{history}/exercises/{slug}", {"pain": 4, "days_since": 30})],
        [_set(f"{history}/exercises/{slug}", {"pain": 1, "days_since": 2})],
        [_set(f"{history}/exercises/{slug}", {"rating": -1})],
        [_set(f"{history}/pain", {"hip": {"days_since": 7}, "ankle": {"level": 2}})],
        [_set(f"{history}/pain", {"hip": {"days_since": 8}, "knee": {"level": 0}})],
        [_set(f"{history}/sessions", [{"rpe": 8}, {"rpe": 6, "target": 4}])],
        [_set(f"{history}/sessions", [{"rpe": 8}, {"rpe": 5}])],
        [_set("/payload/request/local_time", "06:15"), _set("/payload/profile/conditions", ["lumbar_disc"])],
        [_set("/payload/request/gap_s", 3000)],
        [{"op": "copy", "from": "/routine/items/0", "path": "/routine/items/-"}],
        [{"op": "remove", "path": "/routine/items/0"}],
        [{"op": "remove", "path": f"/routine/items/{last}"}],
        [_set("/payload/profile/equipment", [])],
        *([_slot(0, slug=slug)] for slug in ("easy-jog", "butterfly", "cat-cow", "brisk-walk", "arm-circle-big")),
        *([_slot(last, slug=slug)] for slug in ("ramp-set-squat", "fast-squat", "butterfly", "pnf-pec-doorway")),
        [_slot(last, slug="cossack-squat"), _set("/payload/profile/level", "beginner")],
        [_slot(last, slug="pec-stretch-wall"), _slot(last, work_s_per_side=20), _set("/payload/profile/age", 70)],
        [_slot(0, slug="easy-jog"), _set("/payload/profile/conditions", ["pregnancy_t1"])],
        [_slot(last, slug="butterfly"), _set("/payload/profile/conditions", ["hypermobility"])],
        [_slot(0, work_s_per_side=20), _set("/payload/profile/conditions", ["cardiac"])],
        [_set("/payload/profile/acute_regions", ["knee"])],
        [_set("/payload/profile/conditions", ["knee_oa"]), _slot(last, slug="air-squat")],
        [{"op": "remove", "path": f"/routine/items/{n}"} for n in reversed(balancing)],
        [asthma, *(_slot(n, slug="jumping-jack") for n in range(len(items)))],
        [asthma, _set("/routine/warnings", [])],
        [_set("/payload/profile/conditions", ["pelvic_girdle_pain"]), _slot(0, position="standing_single_leg")],
        [_slot(2, slug="roll-quad"), _slot(2, work_s_per_side=25), _slot(2, sides=1), _slot(2, sets=1)],
    ]  # fmt: skip


def _set(path: str, value: Any) -> Operation:
    return {"op": "add", "path": path, "value": value}


def _slot(place: int, **field: Any) -> Operation:
    ((name, value),) = field.items()
    return {"op": "replace", "path": f"/routine/items/{place}/{name}", "value": value}


def tamper(rng: np.random.Generator, base: Mapping[str, Any], catalog: Catalog) -> Operation:
    """One random change: another exercise in a slot, another dose or label, another person."""
    place = f"/routine/items/{rng.integers(len(base['routine']['items']))}"
    some: dict[str, Callable[[], Any]] = {
        f"{place}/slug": lambda: str(rng.choice([e["slug"] for e in catalog.exercises])),
        f"{place}/work_s_per_side": lambda: int(rng.choice([0, 2, 5, 10, 15, 20, 25, 31, 45, 61, 90, 130, 301])),
        f"{place}/sets": lambda: int(rng.integers(0, 6)),
        f"{place}/sides": lambda: int(rng.integers(1, 4)),
        f"{place}/reps": lambda: [None, 0, 8][rng.integers(3)],
        f"{place}/rest_s": lambda: int(rng.choice([0, 30, 600])),
        f"{place}/transition_s": lambda: int(rng.choice([0, 3, 12, 30, 31])),
        f"{place}/phase": lambda: str(rng.choice(catalog.codes("phases"))),
        f"{place}/position": lambda: str(rng.choice(catalog.codes("positions"))),
        f"{place}/reason": lambda: ["", " ", "Because."][rng.integers(3)],
        f"{place}/rules": lambda: [[], ["Z99"], ["W02"]][rng.integers(3)],
        f"{place}/score": lambda: int(rng.integers(-9, 9)),
        "/routine/total_s": lambda: int(rng.integers(100, 900)),
        "/routine/warnings": lambda: [str(c) for c in rng.choice(catalog.codes("warnings"), 3, replace=False)],
        "/payload/profile/age": lambda: int(rng.choice([7, 13, 14, 49, 50, 64, 65, 90])),
        "/payload/profile/level": lambda: ["beginner", "recreational", "trained", None][rng.integers(4)],
        "/payload/profile/conditions": lambda: [str(c) for c in rng.choice(catalog.codes("conditions"), 2)],
        "/payload/profile/constraints": lambda: [str(c) for c in rng.choice(catalog.codes("constraints"), 2)],
        "/payload/profile/acute_regions": lambda: [str(rng.choice(catalog.codes("regions")))],
        "/payload/request/budget_s": lambda: int(rng.choice([120, 240, 299, 600, 1200])),
        "/payload/request/kind": lambda: str(rng.choice(catalog.codes("kinds"))),
        "/payload/request/gap_s": lambda: int(rng.choice([0, 179, 180, 1800, 1801])),
    }  # fmt: skip
    # A slot's exercise is what most rules look at: as likely as all the rest.
    path = f"{place}/slug" if rng.random() < 0.4 else list(some)[rng.integers(len(some))]
    return {
        "op": "replace" if path.startswith("/routine/items") else "add",
        "path": path,
        "value": some[path](),
    }
