"""`scripts/up`: every step from an empty folder to a served system, and one device that uses it."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mobile_lib
import up_ports
import up_processes
import up_serve
import web_lib
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from up_processes import Stopped, UpError

from server import auth, database, upkeep
from server.accounts import mail
from server.catalog import publish
from server.keys import signing_key
from server.models import Ask, newest_model
from server.settings import Settings, SettingsError
from sync import objects, releases, sealing, signing
from sync.device_model import CONTRACT

ROOT = Path(__file__).resolve().parent.parent
STEPS = 9
ROUTINE = ["--kind", "warmup", "--activity", "run_distance", "--minutes", "12"]
ROUTINE += ["--condition", "achilles_tendinopathy"]


@dataclass
class Run:
    """One run of `up`: its settings, where things are, and the environment of everything it starts."""

    settings: Settings
    data: Path
    processes: up_processes.Processes
    env: dict[str, str]
    step: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def address(self) -> str:
        return f"http://{up_ports.own_host(self.settings)}:{self.settings.port}"


def main(argv: list[str] | None = None) -> int:
    """Run `scripts/up`; returns the exit code."""
    arguments = _parser().parse_args(argv)
    up_processes.catch_signals()
    serving = False

    def served() -> None:
        nonlocal serving
        serving = True

    try:
        with ExitStack() as stack:
            # Whatever ends the run, and however far it came, what was started is stopped.
            run = _prepare(arguments, stack)
            _bring_up(run, once=arguments.once, served=served)
    except Stopped as stop:
        print("\nstopped", flush=True)
        return 0 if serving else 128 + stop.signum
    except (
        UpError,
        SettingsError,
        database.DatabaseError,
        publish.PublishRefused,
        signing.KeyInvalid,
        signing.KeyUnavailable,
        objects.StoreInvalid,
        objects.StoreUnavailable,
    ) as error:
        print(f"\nup: {error}", file=sys.stderr)
        return 1
    except DBAPIError as error:
        print(f"\nup: the database refused: {str(error.orig).strip()}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\nup: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/up",
        description="Start PostgreSQL and the server, publish the catalogue and a first model, build the app, then "
        "sync a device and print a routine it made offline. Data is kept from run to run. Ctrl-C stops everything.",
        epilog="Every setting of docs/settings.md can be given as an environment variable; options win.",
    )
    parser.add_argument("--port", type=_port, help="port on 127.0.0.1, 0 for any free one (default 8000)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder for everything kept (default var/)")
    parser.add_argument("--workers", type=int, metavar="N", help="server processes (default 1)")
    parser.add_argument("--once", action="store_true", help="do all of it, print the routine, stop, exit 0")
    return parser


def _port(value: str) -> int:
    if not value.isdigit() or int(value) > 65535:
        raise argparse.ArgumentTypeError(f"must be between 0 and 65535, not {value!r}")
    return int(value)


def _prepare(arguments: argparse.Namespace, stack: ExitStack) -> Run:
    """Settle the settings, take the data folder and make sure of the port."""
    env = dict(os.environ)
    if arguments.data is not None:
        env["LIMBER_DATA"] = str(arguments.data)
    if arguments.port is not None:
        env["LIMBER_PORT"] = str(arguments.port or up_ports.free_port())
    if arguments.workers is not None:
        env["LIMBER_WORKERS"] = str(arguments.workers)
    env.setdefault("LIMBER_DATA", str(ROOT / "var"))
    # Children run elsewhere than here: relative paths are settled now.
    for name in ("LIMBER_DATA", "LIMBER_SIGNING_KEY", "LIMBER_TOKEN_KEY", "LIMBER_MASTER_KEY", "LIMBER_MODEL",
                 "LIMBER_PROVIDERS", "LIMBER_WEB"):  # fmt: skip
        if env.get(name):
            env[name] = str(Path(env[name]).expanduser().resolve())
    if env.get("LIMBER_OBJECTS") and "://" not in env["LIMBER_OBJECTS"]:
        env["LIMBER_OBJECTS"] = str(Path(env["LIMBER_OBJECTS"]).expanduser().resolve())
    # A proxy of the user's is not for talking to ourselves.
    env["NO_PROXY"] = env["no_proxy"] = ",".join(
        filter(None, [env.get("NO_PROXY") or env.get("no_proxy"), "127.0.0.1", "localhost"])
    )
    data = Settings.from_env(env).data
    try:
        (data / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UpError(f"--data {data}: {error.strerror}; choose a folder that you can write to") from None
    processes = up_processes.take(data, stack)
    # After what a killed run left has ended, which takes a while: the ports are chosen for now.
    settings = up_ports.with_live(env, Settings.from_env(env))
    env["LIMBER_PORT"], env["LIMBER_WORKERS"] = str(settings.port), str(settings.workers)
    run = Run(settings, data, processes, env)
    up_ports.need_free_port(settings.host, settings.port)
    if settings.live_url is not None:
        up_ports.need_free_port(settings.host, settings.live_port, "LIMBER_LIVE_PORT=")
    processes.record(run.address)
    return run


@contextmanager
def _step(run: Run, title: str) -> Iterator[list[str]]:
    """Show one step: its title at once, what it says of itself and its seconds when it is done."""
    run.step += 1
    notes: list[str] = []
    up_processes.stop_if_asked()
    print(f"[{run.step}/{STEPS}] {title} …", end="", flush=True)
    started = time.monotonic()
    yield notes
    print(f" {time.monotonic() - started:.1f} s{'  ' if notes else ''}{', '.join(notes)}", flush=True)


def _bring_up(run: Run, *, once: bool, served: Callable[[], None]) -> None:
    with _step(run, "PostgreSQL") as notes:
        run.env["DATABASE_URL"] = url = _postgres(run, notes)
    with _step(run, "migrations"):
        database.migrate(url)
    with _step(run, "signing key") as notes:
        trust = _signing_key(run, notes)
    with _step(run, "catalogue: load and publish") as notes:
        _catalogue(run, url, notes)
    with _step(run, "model: publish the bundled one") as notes:
        _model(run, url, notes)
    with _step(run, "app: build it for the web") as notes:
        _app(run, notes)
    with _step(run, "server and background jobs"):
        up_serve.serve(run)
    _print_addresses(run, url)
    if not once:
        served()
    device = [sys.executable, str(ROOT / "scripts" / "device")]
    as_is = {"LIMBER_NO_BOOTSTRAP": "1"}  # the environment is ready, the script need not look again
    place = ["--dir", str(run.data / "device")]
    with _step(run, "a device syncs and verifies signature and hash"):
        source = ["--server", run.address, "--trust", str(trust)]
        synced = _tool(run, "device-sync", [*device, "sync", *source, *place], as_is)
    print(_indented(synced), flush=True)
    if once:
        run.processes.stop()
        print("    server and PostgreSQL are stopped: the device is on its own", flush=True)
    # Without the server's address: all that `routine` has is the device's folder.
    with _step(run, "the device makes a routine offline"):
        routine = _tool(run, "device-routine", [*device, "routine", *place, *ROUTINE], as_is)
    print(f"\n{routine.strip()}\n", flush=True)
    if not once:
        print(f"serving on {run.address}; Ctrl-C stops", flush=True)
        while True:
            run.processes.check()
            up_processes.stop_if_asked()
            time.sleep(0.2)


def _postgres(run: Run, notes: list[str]) -> str:
    """URL of a database that answers."""
    given = run.settings.database_url
    if given is None:
        log = run.logs / "postgres.log"
        up_processes.rotate(log)
        embedded = database.start(run.data / "postgres", log)
        run.processes.add("PostgreSQL", embedded.process, log, embedded.stop)
        notes.append(f"{embedded.version}, embedded")
        return embedded.url
    notes.append("DATABASE_URL")
    engine = create_engine(given, poolclass=NullPool, connect_args={"connect_timeout": 10})
    try:
        with engine.connect() as conn:
            version = int(conn.execute(text("SHOW server_version_num")).scalar_one()) // 10000
    except OperationalError as error:
        raise UpError(f"DATABASE_URL: {str(error.orig).strip()}") from None
    if version < database.OLDEST:
        raise UpError(f"DATABASE_URL: PostgreSQL {database.OLDEST} or newer is needed, this is {version}")
    return given


def _signing_key(run: Run, notes: list[str]) -> Path:
    """Make the key when there is none; returns the file with its public half, for devices."""
    path = run.settings.signing_key
    if run.settings.signing_kms is None and not path.exists():
        signing.create_key(path)
        notes.append("new")
    auth.create_token_key(run.settings.token_key)
    if run.settings.master_kms is None and not run.settings.master_key.exists():
        sealing.create_master(run.settings.master_key)
    trust = run.data / "keys" / "trust.json"
    document = json.dumps(signing.trust_document(signing_key(run.settings)), indent=2) + "\n"
    if not trust.exists() or trust.read_text() != document:
        trust.parent.mkdir(mode=0o700, exist_ok=True)
        draft = trust.with_suffix(".new")
        draft.write_text(document)
        draft.replace(trust)
    return trust


def _catalogue(run: Run, url: str, notes: list[str]) -> None:
    store = objects.open_store(run.settings.objects)
    key = signing_key(run.settings)
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as conn:
        _same_key(conn, key, run)
        publish.load_seed(conn)
        release = publish.publish_release(conn, store, key, datetime.now(UTC))
        current = release or releases.current_release(conn, publish.STREAM)
    forgotten = upkeep.prune(engine, run.settings.tombstone_days, datetime.now(UTC))
    assert current is not None
    manifest: dict[str, Any] = current.manifest["manifest"]
    notes.append(f"release {current.number}, {manifest['documents']} documents")
    if release is None:
        notes.append("unchanged")
    if forgotten:
        notes.append(f"{forgotten} deletions older than {run.settings.tombstone_days} days forgotten")


def _same_key(conn: Connection, key: signing.SigningKey, run: Run) -> None:
    """Releases that another key signed would be refused by every device that trusts this one."""
    current = releases.current_release(conn, publish.STREAM)
    ours = signing.trust_document(key)["keys"][0]["key_id"]
    if current is not None and current.manifest["key_id"] != ours:
        raise UpError(
            f"this database's release {current.number} was signed by key {current.manifest['key_id']}, but "
            f"{run.settings.signing_key} is {ours}: use the --data folder that the database belongs to, or set "
            "LIMBER_SIGNING_KEY"
        )


def _model(run: Run, url: str, notes: list[str]) -> None:
    """Publish the bundled model unless one of its contract is published."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as conn:
        current = newest_model(conn, Ask(contract=CONTRACT))
    if current is not None:
        notes.append(f"release {current.number} is published already")
        return
    # The prior that ships in the app. It was evaluated against nothing, and the release says so.
    command = [sys.executable, "-m", "model_export", "publish", "--local", "--without-evaluation"]
    # Its speed was judged when it was made; how fast this machine is says nothing about it.
    _tool(run, "model", [*command, "--channel", "stable", "--requests", "50", "--max-ms", "1000"])


def _app(run: Run, notes: list[str]) -> None:
    """Build the app where it changed. Without Node, or where it does not build, all else is served all the same."""
    if "LIMBER_WEB" in run.env:
        notes.append(f"LIMBER_WEB={run.env['LIMBER_WEB']}")
        return
    try:
        mobile_lib.node()
    except mobile_lib.MobileError as error:
        notes.append(f"left out: {error}; everything else is served")
        return
    if web_lib.is_current():
        notes.append("unchanged")
    else:
        log = run.logs / "app.log"
        log.write_bytes(b"")
        command = [sys.executable, str(ROOT / "scripts" / "web_lib.py")]
        if run.processes.run(command, log, run.env, ROOT, aloud=True) != 0:
            older = (
                "the build before it is served" if web_lib.DIST.is_dir() else "the rest is served without it"
            )
            notes.append(f"it did not build, {older}; the end of {log}:\n{up_processes.tail(log)}")
    if web_lib.DIST.is_dir():
        run.env["LIMBER_WEB"] = str(web_lib.DIST)


def _tool(run: Run, name: str, command: list[str], extra: Mapping[str, str] | None = None) -> str:
    """Run one of our own commands to its end and return what it printed."""
    log = run.logs / f"{name}.log"
    log.write_bytes(b"")
    code = run.processes.run(command, log, {**run.env, **(extra or {})}, ROOT)
    if code != 0:
        shown = " ".join(command[1:])
        raise UpError(f"{shown}: exit code {code}; the end of {log}:\n{up_processes.tail(log, 25)}")
    return log.read_text(errors="replace")


def _print_addresses(run: Run, url: str) -> None:
    shown = (
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=True).replace("%2F", "/")
    )
    print(f"ready after {time.monotonic() - run.started:.1f} s")
    for name, value in (
        ("site", run.address if "LIMBER_WEB" in run.env else f"{run.address}  without the app"),
        ("server", f"{run.address}/server"),
        ("API docs", f"{run.address}/docs"),
        ("live", run.settings.live_url or "no LIMBER_LIVE_URL"),
        ("database", shown),
        ("data", str(run.data)),
        ("objects", run.settings.objects),
        ("logs", str(run.logs)),
        ("letters", "through LIMBER_SMTP" if run.settings.smtp else str(mail.folder(run.settings))),
    ):
        print(f"    {name:10}{value}")
    sys.stdout.flush()


def _indented(output: str) -> str:
    return "\n".join(f"    {line}" for line in output.strip().splitlines())
