"""What came of each record of an import, and the figures of the whole."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from server.catalog.content import SLUG_CHARACTERS
from server.catalog.importing.facts import Field, Record
from server.catalog.importing.matching import Match

OUTCOMES = {
    "draft": "a new draft",
    "change": "a draft that changes an exercise",
    "same": "as the catalogue has it already",
    "duplicate": "the catalogue or this set has it already",
    "joined": "the other side of a twin",
    "refused": "not taken",
    "busy": "somebody is changing that exercise",
    "known": "imported before, nothing new",
    "changed": "imported before, its set has changed it since",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one record. `outcome` is one of OUTCOMES; `data` the exercise as far as it is known."""

    source_id: str
    where: str
    name: str
    outcome: str
    why: str
    reason: str | None = None
    record: Record | None = None
    match: Match | None = None
    document: str | None = None
    draft: uuid.UUID | None = None
    closest: Match | None = None

    @property
    def digest(self) -> str:
        """What tells whether the set has changed the record since."""
        if self.record and self.record.digest:
            return self.record.digest
        return hashlib.sha256(f"{self.name}\0{self.why}".encode()).hexdigest()

    @property
    def fields(self) -> tuple[Field, ...]:
        """How each field came about; empty for a refused record."""
        return self.record.fields if self.record else ()


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or with `dry` would have done. `batch` is None where nothing was written."""

    format: str
    files: dict[str, str]
    dry: bool
    batch: uuid.UUID | None
    results: tuple[Result, ...] = field(default=())

    @property
    def counts(self) -> dict[str, Any]:
        """Records by outcome, refusals by reason, duplicates by how they were seen, fields by how they came about."""
        made = [each for each in self.results if each.record and each.outcome in ("draft", "change")]
        again = [each for each in self.results if each.outcome == "duplicate"]
        fields = {
            name: dict(Counter(one.how for each in made for one in each.fields if one.name == name))
            for name in {one.name for each in made for one in each.fields}
        }
        return {
            "records": len(self.results),
            "outcomes": dict(Counter(each.outcome for each in self.results)),
            "refused": dict(Counter(str(each.reason) for each in self.results if each.outcome == "refused")),
            "duplicates": dict(Counter(each.match.by for each in again if each.match)),
            "duplicate_of": dict(Counter(str(each.reason).removeprefix("in_") for each in again)),
            "compare": sum(each.closest is not None for each in made),
            "share_alike": sum(bool(each.record and each.record.licence.share_alike) for each in made),
            "fields": fields,
        }  # fmt: skip


def duplicate(record: Record, match: Match, reason: str) -> Result:
    """The record is an exercise that is there: `in_catalogue`, `in_set` or `in_draft`."""
    where = {"in_catalogue": "the catalogue", "in_set": "this set", "in_draft": "an open draft"}[reason]
    how = "by name" if match.by == "name" else f"{match.score:.0%} alike"
    return Result(
        record.source_id, record.where, record.name, "duplicate", f"{match.name} of {where}, {how}",
        reason, record, match,
    )  # fmt: skip


def new_slug(name: str, taken: set[str]) -> str:
    """An id for a new exercise, made of its name, that no document or draft has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("'", "")
    base = "-".join(re.findall(r"[a-z0-9]+", plain))[: SLUG_CHARACTERS - 4].strip("-") or "exercise"
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
