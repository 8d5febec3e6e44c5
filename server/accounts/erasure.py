"""Erasing an account: everything, at once, with a receipt that anybody can check and that tells of nobody.

Whatever refers to an account by a foreign key goes with its row (ON DELETE CASCADE). What does not is listed in
ERASERS, by the domain that keeps it. A test walks every table of the database and fails when one has been forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, delete, func, insert, select

from server.accounts import export, importing, physio, physio_constraints, throttle
from server.accounts.data_keys import KeyGone, act_for
from server.accounts.profile import AccountGone
from server.accounts.tables import account
from server.accounts.tables_data import account_key, erasure_receipt, physio_link
from server.accounts.tables_sign_in import email_token
from server.settings import Settings
from sync import store
from sync.objects import ObjectStore
from sync.objects_remove import remove_below
from sync.signing import SigningKey, sign
from sync.store import ACCOUNT
from sync.tables import metadata, record, stream

KIND: Final = "erasure"
ERASED: Final = "erased"
"""What stands in the audit trail instead of an account that is no more."""
REMEMBERED: Final = frozenset({"token_denial"})
"""Tables that go on naming the account: for two hours, so that its access tokens are refused as long as they live."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """What an eraser may need to know of the account that goes."""

    account: UUID
    email: str | None
    settings: Settings
    now: datetime

    @property
    def stream(self) -> str:
        """The name of its stream of records."""
        return f"{ACCOUNT}{self.account}"


@dataclass(frozen=True, slots=True)
class Eraser:
    """Takes an account out of `tables`, which no foreign key does; returns how many rows of each, by name."""

    tables: frozenset[str]
    erase: Callable[[Connection, Erasing], Mapping[str, int]]


def objects_of(whom: UUID) -> str:
    """Where the account's objects are in object storage: below this."""
    return f"accounts/{whom}"


def erase_account(
    conn: Connection, settings: Settings, key: SigningKey, whom: UUID, objects: int, now: datetime
) -> dict[str, Any]:
    """Erase the account in the caller's transaction and return the signed receipt, which is kept too.

    `objects`: how many of its objects were removed before (`erase_objects`). Raises AccountGone.
    """
    act_for(conn, whom)
    # First the locks, in the order in which the others take them: a physio's link, then the key that who writes holds.
    conn.execute(select(physio_link.c.id).where(physio_link.c.member == whom).with_for_update())
    conn.execute(select(account_key.c.account).where(account_key.c.account == whom).with_for_update())
    row = conn.execute(select(account.c.email).where(account.c.id == whom).with_for_update()).one_or_none()
    if row is None:
        raise AccountGone(f"there is no account {whom}")
    going = Erasing(whom, row.email, settings, now)
    counts = {"objects": objects}
    for eraser in ERASERS:
        for name, rows in eraser.erase(conn, going).items():
            counts[name] = counts.get(name, 0) + rows
    act_for(conn, whom)
    counts |= _cascading(conn, whom)
    counts["account"] = conn.execute(delete(account).where(account.c.id == whom)).rowcount
    return _receipt(conn, key, counts, now)


def find_receipt(conn: Connection, receipt: UUID) -> dict[str, Any] | None:
    """The signed receipt with this id; None when there is none."""
    chosen = select(erasure_receipt.c.envelope).where(erasure_receipt.c.id == receipt)
    found: dict[str, Any] | None = conn.execute(chosen).scalar_one_or_none()
    return found


def erase_objects(objects: ObjectStore, whom: UUID) -> int:
    """Remove the account's objects; returns how many. Before the rows: if it fails, it can be asked for again."""
    return remove_below(objects, objects_of(whom))


def _cascading(conn: Connection, whom: UUID) -> dict[str, int]:
    """How many rows will go with the account's own, by table."""
    counts = {}
    for table in metadata.sorted_tables:
        for column in table.columns:
            for to in column.foreign_keys:
                if to.column is account.c.id and to.ondelete == "CASCADE":
                    found = select(func.count()).select_from(table).where(column == whom)
                    counts[str(table.name)] = conn.execute(found).scalar_one()
    return counts


def _receipt(conn: Connection, key: SigningKey, counts: Mapping[str, int], now: datetime) -> dict[str, Any]:
    made = uuid4()
    manifest = {
        "kind": KIND, "id": str(made), "erased_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "erased": dict(sorted(counts.items())),
    }  # fmt: skip
    envelope = sign(manifest, key)
    conn.execute(insert(erasure_receipt).values(id=made, at=now, envelope=envelope))
    return envelope


# --- what no foreign key takes ---------------------------------------------------------------------------


def _records(conn: Connection, going: Erasing) -> dict[str, int]:
    store.lock_head(conn, going.stream)  # whoever writes is done before
    records = conn.execute(delete(record).where(record.c.stream == going.stream)).rowcount
    return {
        "record": records,
        "stream": conn.execute(delete(stream).where(stream.c.stream == going.stream)).rowcount,
    }


def _constraints_for_others(conn: Connection, going: Erasing) -> dict[str, int]:
    """What this account set as a physio ends with it, at each member."""
    lifted = 0
    for each in physio.links_of_physio(conn, going.account):
        link = physio.close(conn, going.account, UUID(each["id"]), going.now)
        if link is not None:
            with suppress(KeyGone):  # then there is nothing of that member to be read, let alone lifted
                lifted += physio_constraints.lift_all(conn, going.settings, link, going.now)
        act_for(conn, going.account)
    return {"constraints for others": lifted}


def _letters_and_attempts(conn: Connection, going: Erasing) -> dict[str, int]:
    """Letters to the address that were sent before there was an account, and the attempts at it that were counted."""
    letters = conn.execute(
        delete(email_token).where(email_token.c.email == going.email, email_token.c.account.is_(None))
    ).rowcount
    counted = [each for each in vars(throttle).values() if isinstance(each, throttle.Limit)]
    for limit in (*counted, export.LIMIT, importing.LIMIT):
        for whom in filter(None, (going.email, str(going.account))):
            throttle.forgive(conn, limit, whom)
    return {"letters to the address": letters}


# The id is found wherever it stands; an address only as a whole word of the JSON, never as a part of somebody else's.
_RENAME: Final = """
UPDATE audit
   SET actor = replace(actor, %(id)s, %(erased)s),
       subject = replace(CASE WHEN subject = %(email)s::text THEN %(erased)s ELSE subject END, %(id)s, %(erased)s),
       details = replace(replace(details::text, %(id)s, %(erased)s), %(quoted)s, %(hidden)s)::jsonb,
       reason = replace(replace(reason, %(id)s, %(erased)s), coalesce(%(email)s::text, ''), %(erased)s)
 WHERE position(%(id)s IN actor || ' ' || subject || ' ' || details || ' ' || coalesce(reason, '')) > 0
    OR subject = %(email)s::text OR position(%(quoted)s IN details::text) > 0
    OR position(%(email)s::text IN reason) > 0
"""


def _audit(conn: Connection, going: Erasing) -> dict[str, int]:
    """What was done stays known; that it was this account, or was done to it, does not."""
    named = {
        "id": str(going.account), "erased": ERASED, "hidden": f'"{ERASED}"', "email": going.email,
        "quoted": f'"{going.email or going.account}"',
    }  # fmt: skip
    return {"audit entries without a name": conn.exec_driver_sql(_RENAME, named).rowcount}


_AT_THE_DESK: Final = {
    "catalog_document": ("updated_by",),
    "catalog_draft": ("author", "reviewer"),
    "catalog_draft_version": ("saved_by",),
    "catalog_publication": ("requested_by",),
    "catalog_event": ("actor",),
    "media_asset": ("created_by",),
    "media_upload": ("created_by",),
    "import_batch": ("started_by",),
    "video": ("seen_by",),
}
"""Columns with the id of whoever worked at the catalogue."""


def _desk(conn: Connection, going: Erasing) -> dict[str, int]:
    """What was done to the catalogue stays known, and what was written stays in it; by whom does not."""
    named = {"id": str(going.account), "erased": ERASED}
    count = 0
    for table, columns in _AT_THE_DESK.items():
        for column in columns:
            query = f"UPDATE {table} SET {column} = %(erased)s WHERE {column} = %(id)s"  # noqa: S608 - our own names
            count += conn.exec_driver_sql(query, named).rowcount
    wrote = "UPDATE catalog_draft SET contributors = array_replace(contributors, %(id)s, %(erased)s)"
    count += conn.exec_driver_sql(f"{wrote} WHERE %(id)s = ANY (contributors)", named).rowcount
    return {"catalogue entries without a name": count}


ERASERS: Final[list[Eraser]] = [
    Eraser(frozenset({"physio_link"}), _constraints_for_others),
    Eraser(frozenset({"record", "stream"}), _records),
    Eraser(frozenset({"email_token", "throttle"}), _letters_and_attempts),
    Eraser(frozenset({"audit"}), _audit),
    Eraser(frozenset(_AT_THE_DESK), _desk),
]
"""In this order. A domain that keeps something of accounts without a foreign key adds its own."""
