"""Which routines a change of the catalogue changes: the real generator on a fixed panel of requests, before and after.

The panel (`panel.json`) crosses kinds and activities with people: pregnant, in a wheelchair, with an Achilles tendon
that hurts, a beginner, with nothing at hand. Seeds are fixed, so a routine that differs differs by the change.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from server.catalog.shapes import Document
from sync.canonical import Key, sha256_hex

FILE: Final = Path(__file__).parent / "panel.json"
READS: Final = ("exercise", "activity", "condition", "vocabulary")
"""The collections that the generator reads; a change elsewhere changes no routine."""
SHOWN: Final = ("slug", "phase", "position", "sets", "work_s_per_side", "sides", "reps", "rest_s")
_HELD: Final = 4
_AT_ONCE: Final = 2
"""Requests at the same time: the graph runs beside Python's own work, and who syncs meanwhile needs a core as well."""

Documents = Mapping[Key, Document]


@dataclass(frozen=True, slots=True)
class PanelRequest:
    """One request of the panel; `payload` is that of `POST /v1/routines`."""

    code: str
    label: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the generator made: items in order (fields of SHOWN, and the exercise's name), or why it made none."""

    status: str
    items: tuple[dict[str, Any], ...]
    refused: str | None


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A request and its routine before and after a change."""

    request: PanelRequest
    before: Outcome
    after: Outcome

    @property
    def changed(self) -> bool:
        """Whether somebody would notice: another exercise, place, dose or answer. A new name alone is none."""
        return _felt(self.before) != _felt(self.after)

    @property
    def gone(self) -> list[str]:
        """Slugs that are in the routine no more."""
        return _without(self.before, self.after)

    @property
    def new(self) -> list[str]:
        """Slugs that came into the routine."""
        return _without(self.after, self.before)


def _felt(outcome: Outcome) -> tuple[Any, ...]:
    return outcome.status, outcome.refused, [[item[name] for name in SHOWN] for item in outcome.items]


def _without(one: Outcome, other: Outcome) -> list[str]:
    there = {item["slug"] for item in other.items}
    return [item["slug"] for item in one.items if item["slug"] not in there]


@functools.cache
def requests() -> tuple[PanelRequest, ...]:
    """The panel, in order."""
    return tuple(PanelRequest(**each) for each in orjson.loads(FILE.read_bytes()))


def compare(before: Documents, after: Documents, generator: Any, runtime: Any) -> list[PanelRow]:
    """The panel's routines from two catalogues; `generator` and `runtime` are those of `server.routines`.

    A catalogue from which nothing can be made (too few exercises) gives outcomes that say so; nothing is raised.
    """
    old, new = outcomes(before, generator, runtime), outcomes(after, generator, runtime)
    return [PanelRow(*each) for each in zip(requests(), old, new, strict=True)]


_outcomes: OrderedDict[tuple[str, str], tuple[Outcome, ...]] = OrderedDict()
_lock = threading.Lock()


def outcomes(documents: Documents, generator: Any, runtime: Any) -> tuple[Outcome, ...]:
    """What the generator makes of each request; remembered for the last few catalogues."""
    read = {key: data for key, data in documents.items() if key[0] in READS}
    # Not the release's digest: canonical JSON of thousands of documents takes seconds.
    body = orjson.dumps(
        sorted(([*key, _heard(key, data)] for key, data in read.items()), key=_place),
        option=orjson.OPT_SORT_KEYS,
    )
    key = (str(generator.sha256), sha256_hex(body))
    with _lock:
        made = _outcomes.get(key)
        if made is not None:
            _outcomes.move_to_end(key)
    if made is None:
        made = _run(read, generator, runtime)
        with _lock:
            _outcomes[key] = made
            while len(_outcomes) > _HELD:
                _outcomes.popitem(last=False)
    names = {key[1]: data.get("name", key[1]) for key, data in read.items() if key[0] == "exercise"}
    return tuple(_named(each, names) for each in made)


def _heard(key: Key, data: Document) -> Document:
    """What the generator makes use of: of an exercise's cue only that it has one, and not its name."""
    if key[0] != "exercise":
        return data
    return {**data, "name": None, "cue": bool(str(data.get("cue") or "").strip())}


def _named(outcome: Outcome, names: Mapping[str, str]) -> Outcome:
    items = tuple({**item, "name": names.get(item["slug"], item["slug"])} for item in outcome.items)
    return replace(outcome, items=items)


def _place(entry: list[Any]) -> tuple[str, str]:
    return entry[0], entry[1]


def _run(documents: Documents, generator: Any, runtime: Any) -> tuple[Outcome, ...]:
    rows = [{"collection": key[0], "id": key[1], "data": data} for key, data in documents.items()]
    try:
        catalog = runtime.Catalog.from_documents(rows, release=0)
    except ValueError as error:
        return tuple(Outcome("refused", (), str(error)) for _ in requests())
    ask = functools.partial(_one, catalog=catalog, generator=generator, runtime=runtime)
    first, *others = requests()
    # The first alone: what is made of the catalogue once and kept would be made twice.
    made = [ask(first)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return (*made, *pool.map(ask, others))


def _one(request: PanelRequest, catalog: Any, generator: Any, runtime: Any) -> Outcome:
    try:
        routine = runtime.generate(generator, catalog, request.payload)
    except (runtime.RequestError, runtime.UnsafePlan) as error:
        return Outcome("refused", (), str(error))
    items = tuple({name: item.get(name) for name in SHOWN} for item in routine["items"])
    return Outcome(routine["status"], items, None)
