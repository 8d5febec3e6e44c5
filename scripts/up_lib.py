"""`scripts/up`: every step from an empty folder to a served system, and one device that uses it."""

import argparse
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import up_processes
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from up_processes import Stopped, UpError

from server import auth, database
from server.catalog import publish
from server.keys import signing_key
from server.models import Ask, newest_model
from server.settings import Settings, SettingsError
from sync import objects, releases, signing
from sync.device_model import CONTRACT

ROOT = Path(__file__).resolve().parent.parent
STEPS = 8
READY_SECONDS = 60
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
        host = "127.0.0.1" if self.settings.host in ("0.0.0.0", "") else self.settings.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.settings.port}"


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
        description="Start PostgreSQL and the server, publish the catalogue and a first model, then sync a "
        "device and print a routine it made offline. Data is kept from run to run. Ctrl-C stops everything.",
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
        env["LIMBER_PORT"] = str(arguments.port or _free_port())
    if arguments.workers is not None:
        env["LIMBER_WORKERS"] = str(arguments.workers)
    env.setdefault("LIMBER_DATA", str(ROOT / "var"))
    # Children run elsewhere than here: relative paths are settled now.
    for name in ("LIMBER_DATA", "LIMBER_SIGNING_KEY", "LIMBER_TOKEN_KEY", "LIMBER_MODEL"):
        if env.get(name):
            env[name] = str(Path(env[name]).expanduser().resolve())
    if env.get("LIMBER_OBJECTS") and "://" not in env["LIMBER_OBJECTS"]:
        env["LIMBER_OBJECTS"] = str(Path(env["LIMBER_OBJECTS"]).expanduser().resolve())
    # A proxy of the user's is not for talking to ourselves.
    env["NO_PROXY"] = env["no_proxy"] = ",".join(
        filter(None, [env.get("NO_PROXY") or env.get("no_proxy"), "127.0.0.1", "localhost"])
    )
    settings = Settings.from_env(env)
    env["LIMBER_PORT"], env["LIMBER_WORKERS"] = str(settings.port), str(settings.workers)
    data = settings.data
    try:
        (data / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UpError(f"--data {data}: {error.strerror}; choose a folder that you can write to") from None
    processes = up_processes.take(data, stack)
    run = Run(settings, data, processes, env)
    _need_free_port(settings)
    processes.record(run.address)
    return run


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _need_free_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except PermissionError:
            raise UpError(f"port {settings.port} needs root; choose another, such as --port 8000") from None
        except OSError as error:
            raise UpError(
                f"port {settings.port} on {settings.host} is taken by another program ({error.strerror}); "
                f"choose another, such as --port {settings.port + 1 if settings.port < 65535 else 8000}"
            ) from None


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
    with _step(run, "server"):
        _serve(run)
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
        forgotten = publish.forget_deletions(conn, run.settings.tombstone_days, datetime.now(UTC))
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


def _serve(run: Run) -> None:
    """Start the server and return when it is ready."""
    log = run.logs / "server.log"
    up_processes.rotate(log)
    settings = run.settings
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--respawn-failed-workers"]
    command += ["--host", settings.host, "--port", str(settings.port), "--workers", str(settings.workers)]
    # A request holds one database connection at a time: more threads than connections would only queue.
    command += ["--blocking-threads", str(settings.pool_size), "server.wsgi:app"]
    run.processes.start("server", command, log, run.env, ROOT)
    deadline = time.monotonic() + READY_SECONDS
    while True:
        run.processes.check()
        status, said = _get(run.settings, "/readyz")
        if status == 200:
            return
        if time.monotonic() > deadline:
            end = up_processes.tail(log)
            raise UpError(
                f"the server is not ready after {READY_SECONDS} s: {said}\nthe end of {log}:\n{end}"
            )
        time.sleep(0.05)


def _get(settings: Settings, path: str) -> tuple[int, str]:
    """Status and body of a GET on our own server, (0, reason) while it does not answer."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()


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
        ("site", run.address),
        ("API docs", f"{run.address}/docs"),
        ("database", shown),
        ("data", str(run.data)),
        ("objects", run.settings.objects),
        ("logs", str(run.logs)),
    ):
        print(f"    {name:10}{value}")
    sys.stdout.flush()


def _indented(output: str) -> str:
    return "\n".join(f"    {line}" for line in output.strip().splitlines())
