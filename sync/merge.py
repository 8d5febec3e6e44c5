"""What becomes of a record when a patch meets it. Pure: no clock, no database.

Per field the greatest clock wins. Deleting is a field of its own, with its clock under the empty name: a record lives
while some field's clock is greater. So the outcome depends on the set of patches, not on their order or number
(a state-based CRDT: a map of last-writer-wins registers; Shapiro et al. 2011). A deleted record keeps its fields,
so that a later edit brings the whole record back and not the one field that was edited.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

DELETED = ""
"""The name under which a record's clocks keep that of its deletion: no field is called so."""
WHOLE = "*"
"""The name of the one clock of a record that is only ever appended."""

Status = Literal["applied", "merged", "stale"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A record with the clock of each field. `data` also holds what a deleted record had."""

    deleted: bool
    data: Mapping[str, Any]
    clocks: Mapping[str, str]

    @property
    def hlc(self) -> str:
        """The greatest clock in it."""
        return max(self.clocks.values())


@dataclass(frozen=True, slots=True)
class Patch:
    """One change by one device: `set` some fields, or delete (None), at clock `hlc`."""

    collection: str
    id: str
    hlc: str
    set: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The record afterwards, and what the patch did.

    status   applied: all of it holds; merged: some fields had newer values; stale: nothing of it can be seen
    won      the fields that it wrote
    moved    False when the record is what it was: a replay, or all of it older
    """

    status: Status
    stored: Stored
    won: tuple[str, ...] = field(default=())
    moved: bool = True


def merge(stored: Stored | None, patch: Patch) -> Outcome:
    """`patch` met by what is stored. The same whatever the order, and however often it comes."""
    held = stored or Stored(True, {}, {})
    clocks = dict(held.clocks)
    if patch.set is None:
        if patch.hlc > clocks.get(DELETED, ""):
            clocks[DELETED] = patch.hlc
        after = Stored(not _lives(clocks), held.data, clocks)
        return Outcome("applied" if after.deleted else "stale", after, moved=clocks != held.clocks)
    data, won, holds = dict(held.data), [], 0
    for name, value in patch.set.items():
        clock = clocks.get(name, "")
        if patch.hlc > clock:
            data[name], clocks[name] = value, patch.hlc
            won.append(name)
        holds += patch.hlc >= clock
    after = Stored(not _lives(clocks), data, clocks)
    if after.deleted or not holds:
        return Outcome("stale", after, tuple(won), moved=bool(won))
    return Outcome("applied" if holds == len(patch.set) else "merged", after, tuple(won), moved=bool(won))


def append(stored: Stored | None, patch: Patch) -> Outcome | None:
    """The same for a record that is written once: None when it exists and this is another writing of it."""
    if stored is not None:
        again = patch.set is not None and stored.clocks.get(WHOLE) == patch.hlc
        return Outcome("applied", stored, moved=False) if again else None
    if patch.set is None:
        return None
    return Outcome("applied", Stored(False, patch.set, {WHOLE: patch.hlc}), tuple(patch.set))


def _lives(clocks: Mapping[str, str]) -> bool:
    deleted = clocks.get(DELETED, "")
    return any(clock > deleted for name, clock in clocks.items() if name != DELETED)
