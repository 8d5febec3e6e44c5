"""What must be in the outcome, worked out from the ledger alone, by the rules of sync.md and not by the product's code.

Per field the newest clock wins; a delete is a field of its own; an append-only record stands as it was written first.
Only patches that the server acknowledged must be there. One that was sent and never answered may be there, whole, or
not: it is counted in when the stored row carries its clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torture_lib.ledger import Entry

Key = tuple[str, str, str]  # account, collection, id
DELETE, WHOLE = "", "*"
ACKNOWLEDGED = ("applied", "merged", "stale")


@dataclass(frozen=True, slots=True)
class Row:
    """A record as the server stores it, or as it should: `data` by field, `clocks` by field."""

    deleted: bool
    data: Mapping[str, Any]
    clocks: Mapping[str, str]


@dataclass(slots=True)
class Write:
    """One patch, however often it was sent; `fields` None deletes.

    `acknowledged`: at least once; `refused`: the codes of refusals.
    """

    hlc: str
    fields: Mapping[str, Any] | None
    device: str
    acknowledged: bool = False
    refused: set[str] = field(default_factory=set)


Writes = dict[Key, dict[str, Write]]


def gather(entries: Iterable[Entry]) -> Writes:
    """All patches of the ledger by record and clock, with what the server said of them.

    Raises ValueError for a ledger that contradicts itself: two different patches with one clock.
    """
    writes: Writes = {}
    open_pushes: dict[int, list[Write]] = {}
    for entry in entries:
        if entry["k"] == "push":
            pushed = []
            for patch in entry["patches"]:
                key = (entry["account"], patch["collection"], patch["id"])
                given = None if patch.get("delete") else patch["set"]
                write = writes.setdefault(key, {}).setdefault(
                    patch["hlc"], Write(patch["hlc"], given, entry["device"])
                )
                if write.fields != given:
                    raise ValueError(f"{key}: two patches with the clock {patch['hlc']}")
                pushed.append(write)
            open_pushes[entry["n"]] = pushed
        elif entry["k"] == "answer":
            for write, (status, code) in zip(open_pushes.pop(entry["n"]), entry["results"], strict=False):
                if status in ACKNOWLEDGED:
                    write.acknowledged = True
                else:
                    write.refused.add(code or status)
    return writes


def expected(writes: Mapping[str, Write], append_only: bool, stored: Row | None) -> Row | None:
    """The row that the acknowledged writes of one record make; None when there must be none."""
    present = set(stored.clocks.values()) if stored else set()
    counted = [w for w in writes.values() if w.acknowledged or (not w.refused and w.hlc in present)]
    if not counted:
        return None
    if append_only:
        # Whichever came first stands; another writing of the same id was refused, so there is one.
        first = counted[0]
        return Row(False, first.fields or {}, {WHOLE: first.hlc})
    data: dict[str, Any] = {}
    clocks: dict[str, str] = {}
    for write in counted:
        for name, value in ({DELETE: None} if write.fields is None else write.fields).items():
            if write.hlc > clocks.get(name, ""):
                clocks[name] = write.hlc
                if name != DELETE:
                    data[name] = value
    deleted = not any(clock > clocks.get(DELETE, "") for name, clock in clocks.items() if name != DELETE)
    return Row(deleted, data, clocks)


def difference(wanted: Row | None, stored: Row | None) -> str | None:
    """What is wrong with the stored row, in words; None when nothing is."""
    if wanted is None:
        return None if stored is None else "exists, and nobody was told so"
    if stored is None:
        return "is missing, and was acknowledged"
    for name in sorted({*wanted.clocks, *stored.clocks}):
        want, have = wanted.clocks.get(name, ""), stored.clocks.get(name, "")
        what = "its deletion" if name == DELETE else "it" if name == WHOLE else f"field {name!r}"
        if have < want:
            return f"{what} was acknowledged at {want} and is {f'at {have}' if have else 'not there'}"
        if have > want:
            return f"{what} is at {have}, a clock that no acknowledged or unanswered patch has"
    if wanted.deleted != stored.deleted:
        return f"is {'deleted' if stored.deleted else 'alive'} and should be {'deleted' if wanted.deleted else 'alive'}"
    for name in sorted({*wanted.data, *stored.data}):
        if wanted.data.get(name) != stored.data.get(name):
            return f"field {name!r} is {stored.data.get(name)!r} and should be {wanted.data.get(name)!r}"
    return None


def story(entries: Iterable[Entry], key: Key, last: int = 14) -> list[str]:
    """The last things that happened to a record, and what was done to the system between them, as lines."""
    account, collection, record_id = key
    lines: list[str] = []
    pushes: dict[int, list[tuple[int, str]]] = {}
    for entry in entries:
        at = f"{entry['t']:9.3f} s  "
        if entry["k"] == "event":
            lines.append(f"{at}--- {entry['what']}")
        elif entry["k"] == "push" and entry["account"] == account:
            named = [
                (place, _said(patch))
                for place, patch in enumerate(entry["patches"])
                if (patch["collection"], patch["id"]) == (collection, record_id)
            ]
            if named:
                pushes[entry["n"]] = named
                lines += [
                    f"{at}device {entry['device']} pushes (no. {entry['n']}) {said}" for _, said in named
                ]
        elif entry["k"] == "answer" and entry["n"] in pushes:
            for place, _ in pushes.pop(entry["n"]):
                status, code = (entry["results"] or [[]] * 501)[place] or (entry["status"], None)
                fate = "" if entry["fate"] == "sent" else f"; the device gets: {entry['fate']}"
                lines.append(
                    f"{at}    answer to no. {entry['n']}: {status}{f' ({code})' if code else ''}{fate}"
                )
    about = [place for place, line in enumerate(lines) if "---" not in line]
    start = about[-last] if len(about) >= last else 0
    told = lines[start:]
    return [line for place, line in enumerate(told) if "---" not in line or _near(told, place)]


def _near(lines: list[str], place: int) -> bool:
    """Events far from anything that happened to the record only fill the screen."""
    return any("---" not in line for line in lines[max(0, place - 2) : place + 3])


def _said(patch: Mapping[str, Any]) -> str:
    what = (
        "delete"
        if patch.get("delete")
        else ", ".join(f"{k}={str(v)[:24]!r}" for k, v in sorted(patch["set"].items())[:4])
    )
    return f"{what} at {patch['hlc']}"
