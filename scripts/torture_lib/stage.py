"""What is tortured: PostgreSQL that syncs every commit to the disk, two server workers, keys, a published catalogue.

Everything is a process of ours, stopped by its pid, in one folder. A kill is always -9. The main thread does all
starting, since a child gets its death signal when the thread that started it ends.
"""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psutil  # type: ignore[import-untyped]
from sqlalchemy import Connection, NullPool, create_engine

from server import auth, database, process
from server.accounts.data_keys import data_key
from server.accounts.people import create_account
from server.catalog.publish import load_seed, publish_release
from server.settings import Settings
from sync import objects, sealing, signing
from sync.releases import Release
from torture_lib import TortureError

ROOT = Path(__file__).resolve().parents[2]
READY_S = 60.0
LOG_BYTES = 8 * 2**20
# Full durability, said aloud. The log is kept short so that an hour's run does not fill a disk.
DURABLE = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_wal_size": "256MB",
    "min_wal_size": "64MB", "max_connections": "60", "log_min_messages": "fatal", "log_checkpoints": "off",
}  # fmt: skip
HASTY = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}
TOKEN_S = 3600
# Whatever happens to PostgreSQL, we go on.
BOUNDED = {"connect_timeout": 5, "options": "-c statement_timeout=60s -c synchronous_commit=on"}


@dataclass
class Stage:
    """Everything that runs, in `folder`. `doubles`: the protections that are taken out."""

    folder: Path
    settings: Settings
    env: dict[str, str]
    doubles: frozenset[str]
    postgres: database.Embedded | None = None
    server: subprocess.Popen[bytes] | None = None
    accounts: list[UUID] = field(default_factory=list)
    releases: int = 0

    @property
    def url(self) -> str:
        """The database, as its owner, for SQLAlchemy."""
        return self.settings.require_database_url()

    def token(self, account: UUID | str) -> str:
        """An access token to sync with, for an hour."""
        return auth.mint(self.settings, str(account), ["member"], TOKEN_S, scope="sync")

    def owner(self, work: Callable[[Connection], Any]) -> Any:
        """`work(connection)` in a transaction of the tables' owner, to whom row-level security does not apply."""
        engine = create_engine(self.url, poolclass=NullPool, connect_args=BOUNDED)
        with engine.begin() as conn:
            return work(conn)

    # --- PostgreSQL --------------------------------------------------------------------------------------

    def start_postgres(self) -> None:
        """Start it, or start it again after a kill, which replays its log."""
        options = DURABLE | (HASTY if "durability" in self.doubles else {})
        try:
            self.postgres = database.start(self.folder / "postgres", self.folder / "postgres.log", options)
        except database.DatabaseError as error:
            raise TortureError(str(error)) from None

    def kill_postgres(self, *, whole: bool) -> bool:
        """-9 for the postmaster; `whole`: for all its backends too, as when the power goes. False: it is down."""
        postgres = self.postgres
        if postgres is None or process.ended(postgres.process) is not None:
            return False
        doomed = _children(postgres.pid) if whole else []
        with contextlib.suppress(ProcessLookupError):
            os.kill(postgres.pid, signal.SIGKILL)
        for pid in doomed:
            _kill(pid)
        return True

    def kill_backend(self) -> bool:
        """-9 for one backend that serves a client: PostgreSQL then restarts all of itself. False: there is none."""
        postgres = self.postgres
        if postgres is None or process.ended(postgres.process) is not None:
            return False
        titles = {}
        for pid in _children(postgres.pid):
            with contextlib.suppress(psutil.Error):
                titles[pid] = " ".join(psutil.Process(pid).cmdline()).strip()
        serving = [pid for pid, title in titles.items() if f" {database.NAME} {database.NAME} " in title]
        busy = [pid for pid in serving if not titles[pid].endswith("idle")]
        return bool(serving) and _kill((busy or serving)[0])

    def postgres_down(self) -> bool:
        """Whether it was started and has ended since."""
        return self.postgres is not None and process.ended(self.postgres.process) is not None

    def restart_postgres(self) -> None:
        """After a kill: tidy up what the dead one held, and start."""
        if self.postgres is not None:
            self.postgres.stop()
        self.start_postgres()

    def back_up(self) -> None:
        """A base backup of the running cluster, as `pg_basebackup` makes one, with the log it needs."""
        assert self.postgres is not None
        target = self.folder / "backup"
        shutil.rmtree(target, ignore_errors=True)
        engine = create_engine(
            self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=BOUNDED
        )
        cluster = self.folder / "postgres" / "cluster"
        # PostgreSQL's low-level backup: it needs no program beside the server's, and no replication rights.
        with engine.connect() as conn:
            conn.exec_driver_sql("SELECT pg_backup_start('torture', true)")
            shutil.copytree(cluster, target, ignore=_not_in_a_backup, copy_function=_copy)
            label = conn.exec_driver_sql("SELECT labelfile FROM pg_backup_stop(true)").scalar_one()
            (target / "backup_label").write_text(label)
        # The log up to the end of the backup is what makes the copy consistent.
        shutil.copytree(cluster / "pg_wal", target / "pg_wal", copy_function=_copy, dirs_exist_ok=True)

    def put_back(self) -> None:
        """Replace the cluster by the backup, as an operator would. Server and PostgreSQL must be down."""
        place = self.folder / "postgres" / "cluster"
        owner = place.stat()
        place.rename(self.folder / "postgres" / "cluster.lost")
        shutil.move(self.folder / "backup", place)
        place.chmod(0o700)
        for path in (place, *place.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
        shutil.rmtree(self.folder / "postgres" / "cluster.lost")

    # --- the server --------------------------------------------------------------------------------------

    def start_server(self) -> None:
        """Start it; `wait_ready` tells when it answers."""
        command = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--no-ws",
            "--respawn-failed-workers",
        ]
        command += ["--host", "127.0.0.1", "--port", str(self.settings.port), "--workers", "2"]
        command += ["--blocking-threads", str(self.settings.pool_size), "torture_lib.entry:app"]
        self.server = process.start(command, log=self.folder / "server.log", env=self.env, cwd=self.folder)

    def wait_ready(self, path: str = "/readyz") -> None:
        """Return when the server answers 200 to `path`. Raises TortureError with the end of its log."""
        deadline = time.monotonic() + READY_S
        while not self._ready(path):
            ended = self.server is None or process.ended(self.server) is not None
            if ended or time.monotonic() > deadline:
                log = process.tail(self.folder / "server.log")
                raise TortureError(f"the server did not start; the end of its log:\n{log}")
            time.sleep(0.05)

    def _ready(self, path: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def kill_server(self) -> bool:
        """-9 for the server and its workers at once. False: it is down already."""
        if self.server is None or process.ended(self.server) is not None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server.pid, signal.SIGKILL)  # the group that it leads: process.start made it so
        return True

    def kill_worker(self, which: int) -> bool:
        """-9 for one worker, whichever; the server starts another. False: there is none."""
        if self.server is None or process.ended(self.server) is not None:
            return False
        workers = _children(self.server.pid)
        return bool(workers) and _kill(workers[which % len(workers)])

    def server_down(self) -> bool:
        """Whether it was started and has ended since."""
        return self.server is not None and process.ended(self.server) is not None

    def restart_server(self) -> None:
        """After a kill."""
        if self.server is not None:
            process.stop(self.server)
        self.start_server()

    def restored(self) -> str:
        """`python -m server restored`, which an operator runs after putting a backup back; returns what it said."""
        told = subprocess.run(
            [sys.executable, "-m", "server", "restored"], env=self.env, cwd=ROOT, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip
        if told.returncode != 0:
            raise TortureError(f"`python -m server restored` failed:\n{told.stdout}{told.stderr}")
        return told.stdout.strip().replace("\n", "; ")

    # --- what is in it -----------------------------------------------------------------------------------

    def release(self) -> int:
        """Publish a catalogue release in which a few exercises changed; returns its number."""
        number = self.releases + 1

        def publish(conn: Connection) -> int:
            # Another ending for the cues of some exercises, others each time.
            conn.exec_driver_sql(
                "UPDATE catalog_document SET data = data || jsonb_build_object('cue',"
                " regexp_replace(data->>'cue', '(, take [0-9]+)?[.]$', %(ending)s::text))"
                " WHERE collection = 'exercise' AND id IN (SELECT id FROM catalog_document"
                " WHERE collection = 'exercise' AND length(data->>'cue') < 90"
                " AND cardinality(string_to_array(data->>'cue', ' ')) <= 16 ORDER BY md5(id || %(ending)s) LIMIT 5)",
                {"ending": f", take {number}."},
            )
            made = _publish(conn, self)
            if made is None:
                raise TortureError(f"catalogue, take {number}: nothing changed, so nothing was published")
            return made.number

        made = int(self.owner(publish))
        self.releases = number
        return made

    def trim_logs(self) -> None:
        """Keep the logs of an hour in bounds; they are opened for appending, so they may be emptied under way."""
        for name in ("server.log", "postgres.log"):
            log = self.folder / name
            with contextlib.suppress(FileNotFoundError):
                if log.stat().st_size > LOG_BYTES:
                    (self.folder / f"{name}.1").write_bytes(log.read_bytes()[-LOG_BYTES // 4 :])
                    os.truncate(log, 0)


def build(folder: Path, accounts: int, doubles: frozenset[str], stack: ExitStack) -> Stage:
    """A running, empty system with a catalogue and people in it; `stack` stops whatever runs in the end."""
    data = folder / "data"
    (data / "keys").mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)  # PostgreSQL may have to run as another user than root
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LIMBER_", "PG", "DATABASE_URL"))
    }
    stage = Stage(folder, Settings(), {}, doubles)
    stack.callback(_end, stage)
    stage.start_postgres()
    assert stage.postgres is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # The torture asks more often than any app, and as many devices as it likes from one address.
    told = {
        "DATABASE_URL": stage.postgres.url,
        "LIMBER_DATA": str(data),
        "LIMBER_PORT": str(port),
        "LIMBER_SYNC_PER_MINUTE": "0",
    }
    stage.settings = Settings.from_env(told)
    stage.env = {
        **clean, **told, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "scripts")]),
        "PYTHONDONTWRITEBYTECODE": "1", "TORTURE_WITHOUT": ",".join(sorted(doubles)),
    }  # fmt: skip
    database.migrate(stage.url)
    key = signing.create_key(stage.settings.signing_key)
    auth.create_token_key(stage.settings.token_key)
    sealing.create_master(stage.settings.master_key)
    (folder / "trust.json").write_bytes(orjson.dumps(signing.trust_document(key)))
    stage.owner(lambda conn: _fill(conn, stage, accounts))
    if "lock" in doubles:
        stage.owner(lambda conn: conn.exec_driver_sql("DROP INDEX record_stream_seq_key"))
    stage.start_server()
    stage.wait_ready()
    return stage


def _fill(conn: Connection, stage: Stage, accounts: int) -> None:
    now = datetime.now(UTC)
    load_seed(conn)
    _publish(conn, stage)
    for number in range(accounts):
        made = create_account(
            conn, email=f"person{number}@torture.example", password_hash=None, name=f"Person {number}",
            verified_at=now, now=now,
        )  # fmt: skip
        data_key(conn, stage.settings, made, hold=True)
        stage.accounts.append(made)


def _publish(conn: Connection, stage: Stage) -> Release | None:
    key = signing.load_key(stage.settings.signing_key)
    return publish_release(conn, objects.open_store(stage.settings.objects), key, datetime.now(UTC))


def _end(stage: Stage) -> None:
    if stage.server is not None:
        process.stop(stage.server, (signal.SIGTERM, 5.0))
    if stage.postgres is not None:
        stage.postgres.stop()


def _children(pid: int) -> list[int]:
    with contextlib.suppress(psutil.Error):
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    return []


def _kill(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def _copy(source: str, target: str) -> None:
    # A running cluster removes files while they are being copied; its log makes up for that.
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


def _not_in_a_backup(folder: str, names: list[str]) -> set[str]:
    """PostgreSQL's own list (§25.3.4.3), less what does no harm."""
    inside = Path(folder).name
    skip = {"postmaster.pid", "postmaster.opts", ".s.PGSQL.5432", ".s.PGSQL.5432.lock", "pg_internal.init"}
    if inside in (
        "pg_wal",
        "pg_replslot",
        "pg_dynshmem",
        "pg_notify",
        "pg_serial",
        "pg_snapshots",
        "pg_stat_tmp",
        "pg_subtrans",
    ):
        return {name for name in names if not Path(folder, name).is_dir()}
    return {name for name in names if name in skip or name.startswith("pgsql_tmp")}
