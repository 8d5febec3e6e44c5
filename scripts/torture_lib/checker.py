"""The reckoning: server, devices and ledger beside each other, when all is calm. Each finding is a sentence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from server.accounts.data_keys import data_key
from server.settings import Settings
from sync.canonical import catalog_digest, document_digest
from sync.records import RULES
from torture_lib import ledger, oracle
from torture_lib.oracle import Key, Row, Writes

MOST_TOLD = 8


@dataclass
class Findings:
    """What is wrong, and how much was looked at. `lost`: records of which something acknowledged is not there."""

    wrong: list[str] = field(default_factory=list)
    lost: list[Key] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    acknowledged: int = 0
    records: int = 0
    replicas: int = 0

    def add(self, what: str) -> None:
        """One more finding."""
        self.wrong.append(what)


@dataclass(frozen=True)
class Truth:
    """One account as SQL has it: every row with its sealed fields opened, and the digest of what lives."""

    rows: Mapping[tuple[str, str], Row]
    digest: str

    def live(self) -> dict[tuple[str, str], Any]:
        """What a device must hold."""
        return {key: row.data for key, row in self.rows.items() if not row.deleted}


def truth(conn: Connection, settings: Settings, account: Any, findings: Findings) -> Truth:
    """Read an account's stream as the tables' owner, and look at what must always hold of one."""
    stream = f"account:{account}"
    key = data_key(conn, settings, account)
    rows: dict[tuple[str, str], Row] = {}
    seqs: list[int] = []
    size = 0
    for collection, record_id, seq, deleted, data, clocks, hlc in conn.exec_driver_sql(
        "SELECT collection, id, seq, deleted, data::text, clocks::text, hlc FROM record WHERE stream = %(stream)s",
        {"stream": stream},
    ):
        stored = orjson.loads(data or "{}")
        rows[collection, record_id] = Row(deleted, key.unseal_data(stored), orjson.loads(clocks))
        seqs.append(seq)
        size += 0 if deleted else len(orjson.dumps(stored))
        if hlc != max(orjson.loads(clocks).values()):
            findings.add(f"{stream} {collection}/{record_id}: hlc {hlc} is not its greatest clock")
    head, floor, records, total = conn.exec_driver_sql(
        "SELECT head, floor, records, bytes FROM stream WHERE stream = %(stream)s", {"stream": stream}
    ).one()
    if len(set(seqs)) != len(seqs):
        findings.add(f"{stream}: {len(seqs) - len(set(seqs))} seqs are used twice")
    if seqs and (min(seqs) < 1 or max(seqs) != head):
        findings.add(f"{stream}: seqs go from {min(seqs)} to {max(seqs)}, and its head is {head}")
    if not 0 <= floor <= head:
        findings.add(f"{stream}: floor {floor} is not between 0 and the head {head}")
    if (records, total) != (len(rows), size):
        findings.add(f"{stream} counts {records} records of {total} bytes and holds {len(rows)} of {size}")
    live = {key: document_digest(dict(row.data)) for key, row in rows.items() if not row.deleted}
    return Truth(rows, catalog_digest(live))


def against_ledger(writes: Writes, truths: Mapping[str, Truth], findings: Findings) -> None:
    """Every acknowledged write is in the outcome, nothing else is, and nothing is half there."""
    keys = set(writes) | {(a, *key) for a, known in truths.items() for key in known.rows}
    findings.acknowledged += sum(w.acknowledged for by_clock in writes.values() for w in by_clock.values())
    findings.records += len(keys)
    for key in sorted(keys):
        account, collection, record_id = key
        stored = truths[account].rows.get((collection, record_id))
        append_only = collection in RULES and RULES[collection].append_only
        wanted = oracle.expected(writes.get(key, {}), append_only, stored)
        wrong = oracle.difference(wanted, stored)
        if wrong is not None:
            findings.lost.append(key)
            findings.add(f"{collection}/{record_id} of {account}: {wrong}")


def against_replica(index: int, dump: Mapping[str, Any], known: Truth, findings: Findings) -> None:
    """What the device holds is what the server holds, it owes nothing, and the digests agree."""
    findings.replicas += 1
    name = f"device {index} ({dump['device']})"
    held = {(r["collection"], r["id"]): r["data"] for r in dump["records"]}
    live = known.live()
    for what, keys in (
        ("lacks", live.keys() - held.keys()),
        ("still has", held.keys() - live.keys()),
        ("holds another version of", {key for key in live.keys() & held.keys() if held[key] != live[key]}),
    ):
        if keys:
            shown = ", ".join("/".join(key) for key in sorted(keys)[:3])
            findings.add(f"{name} {what} {len(keys)} records of its account: {shown}")
    if dump["pending"]:
        findings.add(f"{name} still has {dump['pending']} patches to send")
    ours = catalog_digest({key: document_digest(data) for key, data in held.items()})
    if not ours == known.digest == dump["server_digest"]:
        findings.add(f"{name}: digests differ: {ours} of the device, {dump['server_digest']} the server says, "
                     f"{known.digest} by SQL")  # fmt: skip


def against_catalogue(conn: Connection, dumps: Iterable[Mapping[str, Any]], findings: Findings) -> None:
    """Every device holds the catalogue's current release, whole."""
    number, digest = conn.exec_driver_sql(
        "SELECT number, manifest->'manifest'->>'digest' FROM release WHERE stream = 'catalog'"
        " ORDER BY number DESC LIMIT 1"
    ).one()
    live = conn.exec_driver_sql(
        "SELECT collection, id, data FROM record WHERE stream = 'catalog' AND NOT deleted"
    )
    if catalog_digest({(c, i): document_digest(data) for c, i, data in live}) != digest:
        findings.add(f"the catalogue's rows are not those of release {number}")
    for index, dump in enumerate(dumps):
        if (dump["release"], dump["catalog_digest"]) != (number, digest):
            findings.add(f"device {index} holds catalogue release {dump['release']} ({dump['catalog_digest']}), and "
                         f"{number} ({digest}) is current")  # fmt: skip


def against_journal(device: str, journal: Path, account: str, writes: Writes, findings: Findings) -> None:
    """The last thing that was written on a device in each field was acknowledged, or something later of it was."""
    last: dict[tuple[str, str, str], list[Any]] = {}  # what is done, and what was begun since
    for line in journal.read_bytes().splitlines():
        try:
            step, collection, record_id, fields = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # killed in the middle of the line
        for name, value in ({"": None} if fields is None else fields).items():
            place = (collection, record_id, name)
            if step == "done":
                last[place] = [value]
            elif place in last:
                last[place].append(value)
    for (collection, record_id, name), values in last.items():
        sent = [w for w in writes.get((account, collection, record_id), {}).values() if w.device == device]
        taken = [({"": None} if w.fields is None else w.fields) for w in sent if w.acknowledged]
        if any(name in each and each[name] in values for each in taken):
            continue
        refused = sorted(
            {code for w in sent if not w.acknowledged for code in w.refused} - {"clock_ahead", "deferred"}
        )
        if refused:
            findings.notes.append(
                f"{collection}/{record_id} of device {device} was refused: {', '.join(refused)}"
            )
        else:
            findings.lost.append((account, collection, record_id))
            findings.add(f"{collection}/{record_id} of {account}: what device {device} wrote"
                         f"{f' in {name!r}' if name else ' (a deletion)'} was never acknowledged")  # fmt: skip


def told(findings: Findings, path: Path) -> list[str]:
    """The findings as lines, the first few with their stories."""
    lines = [f"  {each}" for each in findings.wrong[: 3 * MOST_TOLD]]
    if len(findings.wrong) > 3 * MOST_TOLD:
        lines.append(f"  … and {len(findings.wrong) - 3 * MOST_TOLD} more")
    for key in dict.fromkeys(findings.lost[:MOST_TOLD]):
        lines += ["", f"the last of {key[1]}/{key[2]} of {key[0]}:", *oracle.story(ledger.entries(path), key)]
    return lines
