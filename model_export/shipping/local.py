"""What is done on the server's own machine, with its settings: publish without HTTP, mint a token, change the key.

A door, as scripts are: it may read the server's settings and call its functions.
"""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from model_export.cli import CommandError
from model_export.encode import Catalog
from model_export.shipping import publish as direct
from server import auth
from server.db import open_engine, write
from server.keys import rotate, signing_key
from server.settings import Settings
from sync.objects import open_store
from sync.signing import create_key, load_key, public_entry


@contextmanager
def engine_of(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings.require_database_url(), 1)
    try:
        yield engine
    finally:
        engine.dispose()


def catalog_here() -> tuple[Catalog, list[dict[str, Any]]]:
    """The catalogue release of this machine's database, and its documents."""
    with engine_of(Settings.from_env()) as engine:
        return write(engine, direct.released_catalog)


def publish_here(
    model: bytes, golden: bytes, evaluation: dict[str, Any] | None, catalog_min: int, channel: str, share: int
) -> str:
    """Release straight into database and storage; returns what to say."""
    settings = Settings.from_env()
    key, store = signing_key(settings), open_store(settings.objects)

    def work(conn: Connection) -> str:
        release = direct.publish(
            conn, store, key, model, golden, catalog_min=catalog_min, channel=channel, now=datetime.now(UTC),
            evaluation=evaluation, share=share,
        )  # fmt: skip
        if release is None:
            return f"Channel {channel} serves this very model already: nothing published."
        return f"Published model release {release.number} in channel {channel}: {release.object_key}."

    with engine_of(settings) as engine:
        return write(engine, work)


def run_token(args: argparse.Namespace) -> int:
    settings = Settings.from_env()
    print(auth.mint(settings, args.subject or f"{getpass.getuser()}@operator", args.role, args.minutes * 60))
    return 0


def run_rotate(args: argparse.Namespace) -> int:
    """Names the new key in the database, then puts its file where the old one was."""
    settings = Settings.from_env()
    old = signing_key(settings)
    new: Any
    if args.kms:
        new = signing_key(Settings(signing_kms=args.kms))
    else:
        file: Path = args.new or settings.signing_key.with_name("signing-next.pem")
        new = load_key(file) if file.exists() else create_key(file)
    overlap = timedelta(days=args.days)
    with engine_of(settings) as engine:
        made = write(
            engine,
            lambda conn: rotate(conn, old, new, f"{getpass.getuser()}@operator", datetime.now(UTC), overlap),
        )
    before, after = public_entry(old)["key_id"], public_entry(new)["key_id"]
    if made is None:
        print(f"Key {after} was named before; only the file is left to do.")
    else:
        print(
            f"Statement {made['manifest']['sequence']}: key {after} signs from now on; {before} is trusted for"
        )
        print(f"{args.days} days more. What devices are offered was signed anew.")
    if args.kms:
        print(f"Now start every server with LIMBER_SIGNING_KMS='{args.kms}'.")
    elif settings.signing_kms:
        print(f"Now start every server without LIMBER_SIGNING_KMS and with LIMBER_SIGNING_KEY={file}.")
    else:
        kept = settings.signing_key.with_name(f"signing-{before}.pem")
        if not kept.exists():
            settings.signing_key.rename(kept)
        file.rename(settings.signing_key)
        print(f"{settings.signing_key} is the new key, {kept} the old one.")
    return 0


def refuse_both(local: bool, server: str | None) -> None:
    if local and server:
        raise CommandError("--local and --server: choose one")
