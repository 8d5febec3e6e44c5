"""The key that signs releases, and its succession."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from server.models.audit import audited
from server.models.tables import key_statement, model_rollout
from server.settings import Settings
from sync import tables
from sync.releases import current_release
from sync.signing import SigningKey, load_key, public_entry, sign
from sync.trust import statement

OVERLAP = timedelta(days=365)
"""How long a device goes on trusting the old key: as long as a manifest of a model may live."""


def signing_key(settings: Settings) -> SigningKey:
    """The key that signs: KMS's if one is set, else the file's. Raises KeyInvalid, KeyUnavailable."""
    if settings.signing_kms is not None:
        from sync.kms import open_kms  # boto3 takes a third of a second to import

        return open_kms(settings.signing_kms)
    return load_key(settings.signing_key)


def trust(conn: Connection, key: SigningKey, now: datetime) -> dict[str, Any]:
    """What `/v1/keys` shows: the key that signs now, those that are trusted beside it, and every statement."""
    statements = list(
        conn.execute(select(key_statement.c.envelope).order_by(key_statement.c.sequence)).scalars()
    )
    ours = public_entry(key)
    older = [
        {"key_id": entry["key_id"], "public_key": entry["public_key"]}
        for entry in (statements[-1]["manifest"]["keys"] if statements else [])
        if entry["key_id"] != ours["key_id"]
        and (entry["until"] is None or datetime.fromisoformat(entry["until"]) > now)
    ]
    return {"keys": [ours, *older], "statements": statements}


def successors(conn: Connection) -> set[str]:
    """Ids of the keys that the last statement names; empty when there was no rotation."""
    newest = select(key_statement.c.envelope).order_by(key_statement.c.sequence.desc()).limit(1)
    envelope = conn.execute(newest).scalar_one_or_none()
    return set() if envelope is None else {entry["key_id"] for entry in envelope["manifest"]["keys"]}


def rotate(
    conn: Connection,
    old: SigningKey,
    new: SigningKey,
    actor: str,
    now: datetime,
    overlap: timedelta = OVERLAP,
) -> dict[str, Any] | None:
    """Name `new` as the key from now on, in a statement signed by `old`, which stays trusted for `overlap`.

    What devices are offered is signed anew; what they hold stays valid until it expires. Returns the statement, None
    when the last one names `new` already. The caller commits, and then has the servers sign with `new`.
    """
    conn.exec_driver_sql("LOCK TABLE key_statement IN SHARE ROW EXCLUSIVE MODE")
    mine, theirs = public_entry(old)["key_id"], public_entry(new)["key_id"]
    if mine == theirs:
        raise ValueError(f"the new key is the old one, {mine}")
    if theirs in successors(conn):
        return None
    k = key_statement.c
    last = conn.execute(select(k.sequence).order_by(k.sequence.desc()).limit(1)).scalar_one_or_none() or 0
    made = statement(old, last + 1, [(new, None), (old, now + overlap)], now)
    conn.execute(insert(key_statement).values(sequence=last + 1, envelope=made, at=now))
    r = tables.release.c
    numbers = [("catalog", release.number)] if (release := current_release(conn, "catalog")) else []
    offered = select(model_rollout.c.number).where(model_rollout.c.halted_at.is_(None))
    numbers += [("model", number) for number in conn.execute(offered).scalars()]
    for stream, number in numbers:
        this = (r.stream == stream) & (r.number == number)
        envelope = conn.execute(select(r.manifest).where(this)).scalar_one()
        again = sign(envelope["manifest"], new)
        conn.execute(update(tables.release).where(this).values(manifest=again))
    details = {
        "subject": "signing key",
        "from": mine,
        "to": theirs,
        "sequence": last + 1,
        "signed": len(numbers),
    }
    audited(conn, actor, "rotate", None, now, details)
    return made
