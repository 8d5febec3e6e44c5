"""scripts/up as a newcomer and as an operator meet it: real processes, real signals, from an empty folder."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

# One worker for the file: its tests share what the first of them made.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("up")]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0  # seconds until a run that hangs is killed


class Up:
    """One run of scripts/up that stays; `lines` is what it printed so far."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data, self.lines = data, list[str]()
        self.process = launch("--data", str(data), *options, stderr=subprocess.STDOUT)
        self.watchdog = threading.Timer(PATIENCE, self.process.kill)
        self.watchdog.start()

    def patient(self) -> None:
        """Count from now until a run that hangs is killed."""
        self.watchdog.cancel()
        self.watchdog = threading.Timer(PATIENCE, self.process.kill)
        self.watchdog.start()

    def until(self, words: str) -> "Up":
        """Read on to the line that contains `words`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                return self
        raise AssertionError(f"never said {words!r}:\n{''.join(self.lines)}")

    @property
    def address(self) -> str:
        found = re.search(r"site +(http://\S+)", "".join(self.lines))
        assert found is not None
        return found.group(1)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def finish(self) -> tuple[int, str]:
        """Exit code and the rest of the output."""
        assert self.process.stdout is not None
        with self.process.stdout as output:
            rest = output.read()
        code = self.process.wait()
        self.watchdog.cancel()
        return code, rest


def launch(*options: str, stderr: int = subprocess.PIPE, **settings: str) -> subprocess.Popen[str]:
    clean = {
        name: value for name, value in os.environ.items() if name != "DATABASE_URL" and "LIMBER_" not in name
    }
    return subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "up"), *options],
        env={**clean, **settings, "LIMBER_NO_BOOTSTRAP": "1", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def once(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    child = launch("--data", str(data), *options)
    out, err = child.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


@pytest.fixture(scope="module")
def first() -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """(data folder, what was printed) of one run from nothing to the routine."""
    with tempfile.TemporaryDirectory(prefix="limber-") as place:
        Path(place).chmod(0o755)
        data = Path(place) / "var"
        yield data, once(data, "--once", "--port", "0")


@pytest.fixture(scope="module")
def runs(first: tuple[Path, subprocess.CompletedProcess[str]]) -> Iterator[list[Up]]:
    """All runs that `standing` began; whatever the tests leave running is killed."""
    assert first[1].returncode == 0, first[1].stdout + first[1].stderr
    started: list[Up] = []
    yield started
    for run in started:
        run.watchdog.cancel()
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in [*run.children(), psutil.Process(run.process.pid)]:
                child.kill()
        run.process.wait()
        if run.process.stdout is not None:
            run.process.stdout.close()


@pytest.fixture
def data(first: tuple[Path, subprocess.CompletedProcess[str]], runs: list[Up]) -> Path:
    """A data folder with everything published and nothing running."""
    if runs and runs[-1].process.poll() is None:
        runs[-1].process.terminate()
        runs[-1].finish()
    return first[0]


@pytest.fixture
def standing(
    first: tuple[Path, subprocess.CompletedProcess[str]], runs: list[Up]
) -> Iterator[Callable[[], Up]]:
    """`standing()`: the run of scripts/up on that folder; another one after a test has ended it."""

    def stand() -> Up:
        if runs and runs[-1].process.poll() is None:
            return runs[-1]
        runs.append(Up(first[0], "--port", "0", "--workers", "2"))
        return runs[-1].until("Ctrl-C stops")

    yield stand
    if runs and runs[-1].process.poll() is None:  # patience is counted for each test
        runs[-1].patient()


def running(data: Path) -> list[str]:
    """Command lines of the processes that work in or were told of the data folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if str(data) in " ".join(words) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(" ".join(words))
    return found


def all_gone(processes: list[psutil.Process], within: float = 20) -> bool:
    """Whether they end in time; a zombie that nobody collects has ended."""
    deadline = time.monotonic() + within
    left = list(processes)
    while left and time.monotonic() < deadline:
        _, left = psutil.wait_procs(left, timeout=0.1)
        left = [
            process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        ]
    return not left


def get(address: str, path: str) -> int:
    host, port = address.removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_one_command_goes_from_an_empty_folder_to_a_routine_made_offline(
    first: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    data, run = first
    assert run.returncode == 0, run.stdout + run.stderr
    steps = re.findall(r"^\[(\d)/(\d)\]", run.stdout, re.MULTILINE)
    assert steps == [(str(number), "9") for number in range(1, 10)]
    assert re.search(r"catalogue.* release 1, \d+ documents", run.stdout)
    stopped, routine = run.stdout.split("server and PostgreSQL are stopped")
    assert re.search(r"release 1: (\d+) documents changed", stopped)
    assert "signature" in stopped
    assert "verified" in stopped
    minutes = re.search(r"Total (\d+):(\d\d) min", routine)
    assert minutes is not None, routine
    assert abs(int(minutes[1]) * 60 + int(minutes[2]) - 12 * 60) <= 30
    assert "achilles_tendinopathy" in routine
    assert running(data) == []


def test_a_second_run_is_ready_soon_and_keeps_the_data(data: Path) -> None:
    key = (data / "keys" / "signing.pem").read_bytes()
    again = once(data, "--once", "--port", "0")
    assert again.returncode == 0, again.stdout + again.stderr
    assert re.search(r"release 1, \d+ documents, unchanged", again.stdout)
    assert "release 1 is published already" in again.stdout
    if shutil.which("npm"):
        assert re.search(r"app: build .* unchanged$", again.stdout, re.MULTILINE)
    assert (data / "keys" / "signing.pem").read_bytes() == key
    seconds = re.search(r"ready after ([\d.]+) s", again.stdout)
    assert seconds is not None
    # The promise is 5 s on a quiet machine; tests run several at a time.
    assert float(seconds.group(1)) < 30


def test_without_node_it_says_so_and_serves_everything_else(data: Path, tmp_path: Path) -> None:
    child = launch("--data", str(data), "--once", "--port", "0", PATH=str(tmp_path))
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, out + err
    assert re.search(
        r"app: build .* left out: node and npm are not on the PATH: install Node 20 or newer", out
    )
    assert "without the app" in out
    assert "Total" in out


def test_a_taken_port_is_named_before_anything_is_started(data: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = once(data, "--port", str(port))
    assert refused.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken by another program" in refused.stderr
    assert "--port" in refused.stderr
    assert "PostgreSQL" not in refused.stdout


def test_the_addresses_it_prints_answer(standing: Callable[[], Up]) -> None:
    run = standing()
    for path in ("/", "/server", "/docs", "/openapi.json", "/readyz", "/v1/keys"):
        assert get(run.address, path) == 200, path


def test_a_second_run_on_the_same_data_is_refused_and_the_first_goes_on(
    standing: Callable[[], Up],
) -> None:
    run = standing()
    second = once(run.data, "--port", "0")
    assert second.returncode == 1
    assert (
        f"already running on {run.data}: process {run.process.pid} and serves {run.address}" in second.stderr
    )
    assert "Traceback" not in second.stderr
    assert get(run.address, "/readyz") == 200


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_process_it_started(standing: Callable[[], Up], sign: signal.Signals) -> None:
    run = standing()
    children = run.children()
    assert len(children) >= 4
    run.process.send_signal(sign)
    code, rest = run.finish()
    assert (code, rest.strip()) == (0, "stopped")
    assert all_gone(children, within=0.5)
    assert running(run.data) == []
    with pytest.raises(ConnectionRefusedError):
        get(run.address, "/healthz")


def test_a_signal_during_the_first_steps_stops_what_they_started(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    run = Up(tmp_path / "var", "--port", "0").until("migrations")
    run.process.terminate()
    code, _ = run.finish()
    assert code == 128 + signal.SIGTERM
    assert running(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_killed_run_takes_its_children_along_and_the_next_one_recovers(
    standing: Callable[[], Up],
) -> None:
    run = standing()
    children = run.children()
    run.process.kill()
    run.finish()
    assert all_gone(children)
    again = standing()
    assert get(again.address, "/readyz") == 200


def test_server_processes_that_outlived_a_killed_run_are_ended_by_the_next(
    standing: Callable[[], Up],
) -> None:
    run = standing()
    server = next(
        child for child in psutil.Process(run.process.pid).children() if "granian" in child.cmdline()
    )
    workers = server.children()
    # Not even the server's parent process can tell its workers to stop.
    server.suspend()
    run.process.kill()
    run.finish()
    server.kill()
    assert all(worker.is_running() for worker in workers)
    assert workers
    standing()
    assert all_gone(workers, within=1)


@pytest.mark.parametrize("name", ["server", "PostgreSQL", "jobs"])
def test_a_child_that_dies_is_reported_and_the_rest_is_stopped(standing: Callable[[], Up], name: str) -> None:
    run = standing()
    children = run.children()
    wanted = {"server": "granian", "PostgreSQL": "cluster", "jobs": "jobs"}[name]
    victim = next(
        child
        for child in psutil.Process(run.process.pid).children()
        if any(wanted in word for word in child.cmdline())
    )
    victim.kill()
    code, rest = run.finish()
    assert code == 1, rest
    assert f"{name} ended unexpectedly (by signal SIGKILL); the end of {run.data / 'logs'}" in rest
    assert all_gone(children)


def test_another_signing_key_than_the_releases_is_refused(data: Path, tmp_path: Path) -> None:
    other = launch("--data", str(data), "--port", "0", LIMBER_SIGNING_KEY=str(tmp_path / "other.pem"))
    _, said = other.communicate(timeout=PATIENCE)
    assert other.returncode == 1
    assert "release 1 was signed by key" in said
    assert "LIMBER_SIGNING_KEY" in said
    assert running(data) == []


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    child = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "up"), "--data", str(tmp_path), "--port", "0"],
        env={
            **os.environ,
            "LIMBER_NO_BOOTSTRAP": "1",
            "DATABASE_URL": f"postgresql://someone:secret@127.0.0.1:{port}/nothing",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert child.returncode == 1
    assert "up: DATABASE_URL: " in child.stderr
    assert "secret" not in child.stdout + child.stderr


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--port", "70000"], "--port"),
        (["--workers", "0"], "LIMBER_WORKERS"),
        (["--data", "/dev/null/x"], "--data"),
    ],
)
def test_a_wrong_option_is_named(options: list[str], named: str) -> None:
    child = launch(*options)
    out, err = child.communicate(timeout=60)
    assert child.returncode in (1, 2)
    assert named in err
    assert "Traceback" not in out + err
