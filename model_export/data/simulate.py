"""Simulated sessions, written as phones log them: into files here, into a server's database by `simulate_push`.

FOLDER/sessions.jsonl[.zst] has a record a line: {"stream", "collection", "id", "data"} as in the table `record`, and
`family` beside it. Model and catalogue lie in the folder too, to replay it when the bundle has moved on. What is hidden
of the people goes to FOLDER.truth.jsonl, outside the folder that a dataset is made from: only `evaluate` may read it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import zstandard

from model_export.data.families import FAMILIES
from model_export.data.jobs import in_order
from model_export.data.life import START, body, life
from model_export.data.slots import COLLECTION
from model_export.data.table import empty_folder
from model_export.encode import Catalog
from model_export.request import RequestError
from model_export.runtime import Generator, UnsafePlan, generate

SESSIONS = "sessions.jsonl"
CONSENT = ("preferences", "training")
"""Collection and id of the record that says whether an account consents to training."""
CONSENT_VERSION = 1

Progress = Callable[[int], object]


@dataclass(frozen=True)
class Plan:
    """What to simulate: `people` of each family, up to `sessions` each; every `withheld`-th person does not consent."""

    families: tuple[str, ...]
    people: int
    sessions: int
    seed: int = 0
    withheld: int = 0
    start: datetime = START

    def consents(self, number: int) -> bool:
        return not self.withheld or number % self.withheld != self.withheld - 1

    def everybody(self) -> Iterator[tuple[str, int]]:
        for family in self.families:
            for number in range(self.people):
                yield family, number


@dataclass(frozen=True)
class Told:
    """One simulated person: `rows` for the log, `truth` for the truth file; how many wishes nothing fits, and the
    plans that the checker refused, with payload and reason. `start` is the first day."""

    family: str
    start: datetime
    rows: list[dict[str, Any]]
    truth: dict[str, Any]
    impossible: int
    unsafe: list[str]


@dataclass
class Summary:
    """What was written, and what had no routine: see Told."""

    people: int = 0
    sessions: int = 0
    slots: int = 0
    impossible: int = 0
    unsafe: list[str] = field(default_factory=list)

    def add(self, told: Told) -> None:
        slots = [len(entry["data"]["slots"]) for entry in told.rows if entry["collection"] == COLLECTION]
        self.people += 1
        self.sessions += len(slots)
        self.slots += sum(slots)
        self.impossible += told.impossible
        self.unsafe += told.unsafe


def families_of(text: str) -> tuple[str, ...]:
    """`all`, or names joined by commas. Raises ValueError naming the unknown one."""
    if text == "all":
        return tuple(FAMILIES)
    names = tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in FAMILIES:
            raise ValueError(f"--family {name}: not one of all, {', '.join(FAMILIES)}")
    return names


def tell(family: str, number: int, plan: Plan, generator: Generator, catalog: Catalog) -> Told:
    """Live one person's sessions with the real generator."""

    impossible: list[str] = []
    unsafe: list[str] = []

    def make(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return generate(generator, catalog, payload)
        except RequestError as error:
            impossible.append(str(error))
            raise
        except UnsafePlan as error:
            unsafe.append(f"{error}: {line(payload)}".strip())
            raise

    it = body(family, number, catalog, plan.seed)
    explore = plan.consents(number)
    lived = list(
        life(family, number, catalog, make, sessions=plan.sessions, seed=plan.seed, start=plan.start, explore=explore)
    )  # fmt: skip
    stream = it.who.stream
    given = {"version": CONSENT_VERSION, "at": plan.start.isoformat().replace("+00:00", "Z")}
    rows = [row(stream, *CONSENT, {"training_consent": given if explore else None})]
    rows += [row(stream, COLLECTION, session.record["id"], session.record) for session in lived]
    truth = {
        "stream": stream,
        "family": family,
        "hidden": dict(it.hidden),
        "sessions": [
            {"id": session.record["id"], "mood": session.mood, "rewards": session.rewards}
            for session in lived
        ],
    }
    return Told(family, plan.start, rows, truth, len(impossible), unsafe)


def row(stream: str, collection: str, record_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"stream": stream, "collection": collection, "id": record_id, "data": data}


_worker: dict[str, Any] = {}


def _begin(model: bytes, catalog: Catalog, plan: Plan) -> None:
    _worker.update(generator=Generator.load(model), catalog=catalog, plan=plan)


def _work(who: tuple[str, int]) -> Told:
    return tell(*who, _worker["plan"], _worker["generator"], _worker["catalog"])


def everyone(plan: Plan, model: bytes, catalog: Catalog, jobs: int) -> Iterator[Told]:
    """Everybody of the plan, in its order whatever the number of jobs."""
    return in_order(_work, plan.everybody(), jobs=jobs, begin=_begin, arguments=(model, catalog, plan))


def truth_path(folder: Path) -> Path:
    """Where the truth of a simulation in `folder` is."""
    return folder.with_name(folder.name + ".truth.jsonl")


def line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


@contextmanager
def _text(path: Path, compress: bool) -> Iterator[IO[str]]:
    """A text file to write, through zstd if wanted."""
    if not compress:
        with path.open("w", encoding="utf-8", newline="\n") as plain:
            yield plain
        return
    with zstandard.open(
        path, "wt", cctx=zstandard.ZstdCompressor(9), encoding="utf-8", newline="\n"
    ) as packed:
        yield packed


def write(
    folder: Path, people: Iterator[Told], *, compress: bool = False, progress: Progress = int
) -> Summary:
    """Write sessions and truth, person by person. Raises DatasetInvalid when the folder holds something."""
    empty_folder(folder)
    summary = Summary()
    path = folder / (SESSIONS + ".zst" if compress else SESSIONS)
    with _text(path, compress) as log, _text(truth_path(folder), False) as truth:
        for told in people:
            for entry in told.rows:
                log.write(line({"family": told.family, **entry}))
            truth.write(line(told.truth))
            summary.add(told)
            progress(1)
    return summary
