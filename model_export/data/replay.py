"""From logged sessions to rows: each routine is made again by the very model and catalogue release that made it.

Features are what the graph says its scorer saw (output `features`), so training and serving cannot differ. A session
whose replay is not what was logged is set aside with the reason, never repaired.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from model_export.contract import PLAN
from model_export.data import slots, table
from model_export.data.people import is_simulated
from model_export.data.shelf import Opened, Shelf
from model_export.data.slots import Session, SessionInvalid
from model_export.encode import Array, Catalog
from model_export.policy import FEATURES
from model_export.request import Request, RequestError, parse
from model_export.runtime import run_graph

ITEM, DRAWN_FROM = PLAN.index("item"), PLAN.index("drawn_from")


class SetAside(Exception):
    """Why a session gives no rows."""


@dataclass(frozen=True)
class Raw:
    """A session's record as it was found: whose it is, its data unchecked; `family` only from a simulator.

    `aside` says why there is no data to look at.
    """

    stream: str
    data: Any
    family: str | None = None
    aside: str | None = None


@dataclass(frozen=True)
class Replayed:
    """What a chunk of records gave: rows, why others did not, and whose rows they are: hash -> whether simulated."""

    batch: pa.RecordBatch
    records: int
    sessions: int
    set_aside: Counter[str]
    early: int
    people: dict[str, bool]


@dataclass
class Rows:
    """Columns under way, by name; the two of candidates as flat arrays with their lengths."""

    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: [] for name in table.schema().names
            if name not in ("features", "candidate_items", "candidate_features")
        }
    )  # fmt: skip
    features: list[Array] = field(default_factory=list)
    candidates: list[Array | None] = field(default_factory=list)
    candidate_features: list[Array] = field(default_factory=list)

    def batch(self) -> pa.RecordBatch:
        schema = table.schema()
        width = len(FEATURES)
        arrays = [
            pa.array(values, schema.field(name).type) for name, values in self.columns.items()
        ]  # in the schema's order: the three that are left are its last
        lengths = [0 if items is None else len(items) for items in self.candidates]
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
        absent = pa.array([items is None for items in self.candidates], pa.bool_())
        items = _flat([items for items in self.candidates if items is not None])
        arrays += [
            pa.FixedSizeListArray.from_arrays(_flat(self.features), width),
            pa.ListArray.from_arrays(offsets, items, mask=absent),
            pa.ListArray.from_arrays(
                offsets, pa.FixedSizeListArray.from_arrays(_flat(self.candidate_features), width), mask=absent
            ),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _flat(arrays: Sequence[Array]) -> pa.Array:
    return pa.array(
        np.concatenate([a.ravel() for a in arrays]) if arrays else np.empty(0, np.int32), pa.int32()
    )


@dataclass(frozen=True)
class Replayer:
    """Makes rows of records. `salt` hashes people and sessions; sessions before `since` are left alone."""

    opened: Opened
    salt: bytes
    since: datetime | None = None

    def replay(self, raws: Sequence[Raw]) -> Replayed:
        rows, aside, early, sessions = Rows(), Counter[str](), 0, 0
        people: dict[str, bool] = {}
        for raw in raws:
            if raw.aside is not None:
                aside[raw.aside] += 1
                continue
            try:
                session = slots.parse(raw.data)
                if self.since is not None and session.at < self.since:
                    early += 1
                    continue
                person = hashed(self.salt, raw.stream)
                self._add(rows, raw, session, person)
            except SessionInvalid as error:
                aside[f"malformed: {error.column}"] += 1
            except RequestError as error:
                aside[f"malformed: payload.{_shallow(error.field)}"] += 1
            except SetAside as reason:
                aside[str(reason)] += 1
            else:
                sessions += 1
                people[person] = is_simulated(raw.stream)
        return Replayed(rows.batch(), len(raws), sessions, aside, early, people)

    def _add(self, rows: Rows, raw: Raw, session: Session, person: str) -> None:
        generator = self.opened.model(session.model)
        if generator is None:
            raise SetAside("unknown model")
        catalog = self.opened.catalog(session.catalog)
        if catalog is None:
            raise SetAside("unknown catalogue release")
        request = parse(session.payload, catalog)
        outputs = run_graph(generator, catalog, request, self.opened.personal(catalog, request.learned))
        if outputs["features"].shape[1] != len(FEATURES):
            raise SetAside("other features")
        shown = outputs["plan"][:, ITEM] >= 0
        steps, best = outputs["plan"][shown], outputs["candidates"][shown]
        if not _same(session, steps, catalog):
            raise SetAside("plan differs")
        names = person, hashed(self.salt, session.id)
        _fill(rows, raw.family, session, request, names, steps, best, outputs["features"])


def _same(session: Session, steps: Array, catalog: Catalog) -> bool:
    """Whether each logged slot is in the plan made again: at its place, with its propensity."""
    return len(session.slots) <= len(steps) and all(
        catalog.exercises[step[ITEM]]["slug"] == slot.slug
        and abs(1 / step[DRAWN_FROM] - slot.propensity) < 1e-5
        for slot, step in zip(session.slots, steps, strict=False)
    )


def _fill(
    rows: Rows,
    family: str | None,
    session: Session,
    request: Request,
    names: tuple[str, str],
    steps: Array,
    candidates: Array,
    features: Array,
) -> None:
    shown = steps[: len(session.slots)]
    for slot, step, best in zip(session.slots, shown, candidates, strict=False):
        value = {
            "person": names[0], "session": names[1], "at": session.at, "family": family, "place": slot.place,
            "slug": slot.slug, "item": int(step[ITEM]), "kind": request.kind, "activity": request.activity,
            "age": request.age, "level": request.level, "conditioned": bool(request.conditions),
            "propensity": slot.propensity, "explored": slot.explored, "outcome": slot.outcome, "reward": slot.reward,
            "rating": slot.rating, "pain": slot.pain, "rpe": session.rpe, "model": session.model,
            "catalog": session.catalog,
        }  # fmt: skip
        for name, values in rows.columns.items():
            values.append(value[name])
        drawn = best[: step[DRAWN_FROM]] if slot.explored else None
        rows.candidates.append(drawn)
        if drawn is not None:
            rows.candidate_features.append(features[drawn])
    rows.features.append(features[shown[:, ITEM]])


def _shallow(path: str) -> str:
    """The first two names of a dotted path: deeper ones may be what somebody typed."""
    return re.sub(r"\[\d+\]", "", ".".join(path.split(".")[:2]))[:60]


def hashed(salt: bytes, text: str) -> str:
    """HMAC-SHA256 in hex, its first 128 bits: the same for the same salt, no way back without it."""
    return hmac.new(salt, text.encode(), hashlib.sha256).hexdigest()[:32]


_worker: dict[str, Replayer] = {}


def begin(shelf: Shelf, salt: bytes, since: datetime | None) -> None:
    """Set up this process."""
    _worker["replayer"] = Replayer(Opened(shelf), salt, since)


def work(raws: Sequence[Raw]) -> Replayed:
    return _worker["replayer"].replay(raws)
