"""`python -m server restored`: what has to be done once after a backup of the database was put back.

Seqs and release numbers of what was lost are about to be given out again for other versions. A new epoch in every
stream tells each reader so: devices fetch their copy anew and offer again what they were told was kept. The catalogue's
epoch is in its signed manifest, so a release is published in the same transaction. docs/operations.md has the rest.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, update

from server.accounts.tables import device_code, login_session, oauth_code, token_family
from server.accounts.tables_sign_in import email_token
from server.catalog.comparing import STREAM
from server.catalog.publish import publish_release
from server.commands import AddCommand, operator, transaction
from server.keys import signing_key
from server.models.audit import audited
from server.settings import Settings
from sync import store
from sync.objects import ObjectStore, open_store
from sync.signing import SigningKey


@dataclass(frozen=True, slots=True)
class Restored:
    """How many streams have a new epoch, and the catalogue's release in its own; None where there is none."""

    streams: int
    release: int | None


def begin_again(conn: Connection, objects: ObjectStore, key: SigningKey, now: datetime) -> Restored:
    """Give every stream a new epoch and publish the catalogue in its own: all in the caller's transaction.

    For the owner of the tables, while no server runs. Doing it twice does no harm: devices fetch their copy twice.
    Raises PublishRefused when the catalogue in the backup cannot be published.
    """
    streams = store.new_epochs(conn)
    if store.read_head(conn, STREAM) is None:
        return Restored(streams, None)
    release = publish_release(conn, objects, key, now)
    assert release is not None  # its epoch is new
    return Restored(streams, release.number)


def sign_out_all(conn: Connection, now: datetime) -> int:
    """End every sign-in and every link that was sent by mail; returns how many devices and programs that ends.

    In the backup a token that was withdrawn after it is good again, and one that was replaced since looks stolen.
    """
    f = token_family.c
    ended = conn.execute(
        update(token_family).where(f.revoked_at.is_(None)).values(revoked_at=now, reason="withdrawn")
    )
    for table in (login_session, oauth_code, device_code, email_token):
        conn.execute(delete(table))
    return ended.rowcount


def register(add: AddCommand) -> None:
    """Add the command."""
    command = add(
        "restored",
        run_restored,
        "Run once after putting a backup of the database back, before the server starts.",
    )
    command.add_argument(
        "--keep-sign-ins",
        action="store_true",
        help="leave everybody signed in (default: all sign in again, since what was withdrawn after the backup was "
        "made is valid in it)",
    )


def run_restored(args: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    settings, now = Settings.from_env(), datetime.now(UTC)
    objects, key = open_store(settings.objects), signing_key(settings)
    with transaction(settings) as conn:
        done = begin_again(conn, objects, key, now)
        ended = None if args.keep_sign_ins else sign_out_all(conn, now)
        told = {
            "subject": "database",
            "streams": done.streams,
            "release": done.release,
            "sign_ins_ended": ended,
        }
        audited(conn, operator(), "restored", None, now, told)
    print(f"{done.streams} streams have a new epoch: devices will fetch their copies and offer what was lost")
    print(
        "no catalogue was ever published"
        if done.release is None
        else f"catalogue release {done.release} published"
    )
    print("sign-ins were kept" if ended is None else f"{ended} sign-ins of devices and programs ended")
    return 0
