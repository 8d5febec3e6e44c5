"""From catalogue documents and a request to the graph's tensors, by the model's declared feature spec.

One small generic encoder: what a field means is in the spec that travels with the model, not in code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from model_export.contract import CANDIDATES, REQUEST, REQUEST_VECTORS
from model_export.request import Request

Array = npt.NDArray[np.int32]
Document = Mapping[str, Any]
Spec = Sequence[Mapping[str, Any]]
Vocabulary = Mapping[str, Sequence[str]]

NEVER_DONE = (60, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Catalog:
    """One release as the generator reads it: exercises in ascending slug order, the rest by id."""

    release: int
    exercises: list[Document]
    activities: dict[str, Document]
    conditions: dict[str, Document]
    vocabulary: dict[str, dict[str, Any]]
    cache: dict[str, dict[str, Array]] = field(default_factory=dict, compare=False)

    @classmethod
    def from_documents(cls, documents: Iterable[Mapping[str, Any]], release: int) -> Catalog:
        """`documents`: {"collection", "id", "data"} each. Raises ValueError when a collection is missing."""
        found: dict[str, dict[str, Any]] = {"exercise": {}, "activity": {}, "condition": {}, "vocabulary": {}}
        for document in documents:
            if document["collection"] in found:
                found[document["collection"]][document["id"]] = document["data"]
        for name, entries in found.items():
            if not entries:
                raise ValueError(f"the catalogue has no {name} documents")
        exercises = [found["exercise"][slug] for slug in sorted(found["exercise"])]
        if len(exercises) < CANDIDATES:
            raise ValueError(
                f"the catalogue has {len(exercises)} exercises; the generator needs {CANDIDATES}"
            )
        entries = {name: data["entries"] for name, data in found["vocabulary"].items()}
        return cls(release, exercises, found["activity"], found["condition"], entries)

    @cached_property
    def places(self) -> dict[str, int]:
        """Slug -> index, the contract's order."""
        return {exercise["slug"]: place for place, exercise in enumerate(self.exercises)}

    @cached_property
    def carriers(self) -> dict[str, list[int]]:
        """Hazard -> indices of the exercises that carry it."""
        found: dict[str, list[int]] = {}
        for place, exercise in enumerate(self.exercises):
            for hazard in exercise["hazards"]:
                found.setdefault(hazard, []).append(place)
        return found

    @cached_property
    def slug_hashes(self) -> npt.NDArray[np.uint32]:
        """[N] FNV-1a of each slug."""
        return np.array([fnv1a(exercise["slug"]) for exercise in self.exercises], np.uint32)

    def codes(self, name: str) -> list[str]:
        """A vocabulary's codes in contract order: ascending."""
        if name == "activities":
            return sorted(self.activities)
        if name == "conditions":
            return sorted(self.conditions)
        return sorted(code for code in self.vocabulary[name] if code != "none")


def vocabulary_of(catalog: Catalog, names: Sequence[str]) -> dict[str, list[str]]:
    return {name: catalog.codes(name) for name in names}


def lookup(document: Document, path: str) -> Any:
    """`dose.sides` or `positions.0`; None where a step is absent."""
    value: Any = document
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _codes(document: Document, entry: Mapping[str, Any]) -> list[tuple[str, int]]:
    if entry["encoder"] == "weighted":
        return [(code, weight) for name, weight in entry["fields"] for code in lookup(document, name) or []]
    if entry["encoder"] == "multihot":
        return [(code, 1) for code in lookup(document, entry["field"]) or [] if code != "none"]
    return []


def encode_rows(documents: Sequence[Document], entry: Mapping[str, Any], codes: Sequence[str]) -> Array:
    """One tensor of the spec: [N, len(codes)] or, for an index, [N]. Unknown codes are left out here."""
    place = {code: i for i, code in enumerate(codes)}
    if entry["encoder"] == "index":
        return np.array([place.get(str(lookup(d, entry["field"])), 0) for d in documents], np.int32)
    if entry["encoder"] == "numbers":
        rows = [
            [round((lookup(d, path) or 0) * scale) for path, scale in entry["columns"]] for d in documents
        ]
        return np.array(rows, np.int32).reshape(len(documents), len(entry["columns"]))
    matrix = np.zeros((len(documents), len(codes)), np.int32)
    for row, document in enumerate(documents):
        for code, weight in _codes(document, entry):
            if code in place:
                matrix[row, place[code]] += weight
    return matrix


def unknown_codes(documents: Sequence[Document], spec: Spec, vocabulary: Vocabulary) -> Array:
    """[N] 1 where an exercise uses a code that the model does not know: it is blocked, not guessed at.

    A muscle, movement or activity that is unknown only loses its weight; the rest decide safety or meaning.
    """
    harmless = {"muscles", "moves", "activities"}
    blocked = np.zeros(len(documents), np.int32)
    for entry in spec:
        if entry["collection"] != "exercise" or "vocabulary" not in entry or entry["vocabulary"] in harmless:
            continue
        known = set(vocabulary[entry["vocabulary"]])
        for row, document in enumerate(documents):
            if entry["encoder"] == "index":
                listed = [str(lookup(document, entry["field"]))]
            else:
                listed = [code for code, _ in _codes(document, entry)]
            blocked[row] |= not known.issuperset(listed)
    return blocked


def region_rows(entries: Mapping[str, Any], codes: Sequence[str], regions: Sequence[str]) -> Array:
    """[codes, R] 0/1: the `region` or `regions` of each vocabulary entry."""
    rows = []
    for code in codes:
        entry = entries.get(code, {})
        of_code = {entry.get("region"), *entry.get("regions", ())}
        rows.append([int(region in of_code) for region in regions])
    return np.array(rows, np.int32)


def catalog_tensors(catalog: Catalog, spec: Spec, vocabulary: Vocabulary, model: str) -> dict[str, Array]:
    """Every tensor of the spec, the regions of muscles and hazards, and the rows to block; cached per model."""
    if model in catalog.cache:
        return catalog.cache[model]
    tensors: dict[str, Array] = {}
    for entry in spec:
        if entry["collection"] == "exercise":
            documents: Sequence[Document] = catalog.exercises
        else:
            documents = [catalog.conditions.get(code, {}) for code in vocabulary[entry["rows"]]]
        codes = vocabulary[entry["vocabulary"]] if "vocabulary" in entry else ()
        tensors[entry["tensor"]] = encode_rows(documents, entry, codes)
    for tensor, name in (("muscle_region", "muscles"), ("hazard_region", "hazards")):
        tensors[tensor] = region_rows(catalog.vocabulary[name], vocabulary[name], vocabulary["regions"])
    tensors["unknown"] = unknown_codes(catalog.exercises, spec, vocabulary)
    catalog.cache[model] = tensors
    return tensors


def fnv1a(text: str) -> int:
    """FNV-1a of the UTF-8 bytes, 32 bits (Fowler, Noll, Vo)."""
    h = 2166136261
    for byte in text.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    return h


def noise(catalog: Catalog, seed: int) -> Array:
    """[N] 0..255 from the seed and the slug, so that a grown catalogue does not reshuffle the old items.

    The top 8 bits of the slug's FNV-1a, mixed with the seed.
    """
    return (mix(catalog.slug_hashes, seed) >> np.uint32(24)).astype(np.int32)


def mix(hashes: npt.NDArray[np.uint32], seed: int) -> npt.NDArray[np.uint32]:
    """Hashes and seed through MurmurHash3's finaliser (Appleby, public domain)."""
    h = hashes ^ np.uint32((seed * 0x9E3779B9) & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def exploration(request: Request) -> dict[str, int]:
    """Which step draws among the best, and which of them: from the seed, so that a replay draws the same.

    A routine has about a step per 45 s; a step past its end draws nothing.
    """
    if not request.explore:
        return {"explore_step": -1, "explore_pick": 0}
    h = int(mix(np.array([fnv1a("explore")], np.uint32), request.seed)[0])
    steps = min(max(request.budget_s // 45, 3), 24)
    return {"explore_step": (h & 0xFFFF) % steps, "explore_pick": (h >> 16) % 60}


def excluded_hazards(catalog: Catalog, request: Request) -> dict[str, str]:
    """Hazard -> the person's condition that excludes it by the catalogue's matrix, or `pain in the ...` (L02)."""
    regions = catalog.vocabulary["regions"]
    found = {
        hazard: f"recent pain in the {str(regions[region]['label']).lower()}"
        for region in request.pain_regions
        for hazard, entry in catalog.vocabulary["hazards"].items()
        if region in entry.get("regions", ())
    }
    matrix = {hazard: code for code in request.conditions for hazard in catalog.conditions[code]["exclude"]}
    return found | matrix


def device_block(catalog: Catalog, request: Request, unknown: Array) -> Array:
    """[N] the device's own guard, from the documents alone: excluded hazards, and codes the model does not know."""
    carriers = catalog.carriers
    blocked = unknown.copy()
    for hazard in excluded_hazards(catalog, request):
        blocked[carriers.get(hazard, [])] = 1
    return blocked


def request_tensors(
    catalog: Catalog, request: Request, vocabulary: Vocabulary, unknown: Array
) -> dict[str, Array]:
    """Everything of the contract that the catalogue's tensors do not give."""
    demand_muscle, demand_move = request.demand
    weights: dict[str, Mapping[str, int]] = {
        "demand_muscle": demand_muscle,
        "demand_move": demand_move,
        "constraint": dict.fromkeys(request.constraints, 1),
        "has_equipment": dict.fromkeys(request.equipment, 1),
        "condition": dict.fromkeys(request.conditions, 1),
        "red_flag": dict.fromkeys(request.red_flags, 1),
        "sore_region": dict.fromkeys(request.soreness, 1),
        "acute_region": dict.fromkeys(request.acute_regions, 1),
        "pain_region": dict.fromkeys(request.pain_regions, 1),
        "deficit_muscle": dict.fromkeys(request.deficit_muscles, 1),
        "deficit_move": dict.fromkeys(request.deficit_moves, 1),
    }
    tensors = {
        name: np.array([weights[name].get(code, 0) for code in vocabulary[codes]], np.int32)
        for name, codes in REQUEST_VECTORS.items()
    }
    scalars = request.scalars(vocabulary) | exploration(request)
    tensors["request"] = np.array([scalars[name] for name in REQUEST], np.int32)
    tensors["history"] = np.tile(np.array(NEVER_DONE, np.int32), (len(catalog.exercises), 1))
    for slug, row in request.history.items():
        tensors["history"][catalog.places[slug]] = row
    tensors["blocked"] = device_block(catalog, request, unknown)
    tensors["personal"] = np.zeros(len(catalog.exercises), np.int32)
    tensors["noise"] = noise(catalog, request.seed)
    return tensors


def encode(
    catalog: Catalog, request: Request, spec: Spec, vocabulary: Vocabulary, model: str
) -> dict[str, Array]:
    """All inputs of the graph for one request."""
    fixed = catalog_tensors(catalog, spec, vocabulary, model)
    tensors = {name: value for name, value in fixed.items() if name != "unknown"}
    return {**tensors, **request_tensors(catalog, request, vocabulary, fixed["unknown"])}
