"""scripts/bench: its numbers have the promised form, and nothing stays behind. How large they are is not tested."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = ("pull", "--documents", "20,50", "--rounds", "1", "--seconds", "0.05", "--connections", "2")
PATIENCE = 120.0


def launch(temporary: Path, *options: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if "LIMBER_" not in name}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "bench"), *options],
        env={**clean, "LIMBER_NO_BOOTSTRAP": "1", "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def bench(temporary: Path, *options: str) -> tuple[int, str, str]:
    child = launch(temporary, *options)
    out, err = child.communicate(timeout=PATIENCE)
    return child.returncode, out, err


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the bench makes its folder; PostgreSQL, perhaps another user, must be able to enter."""
    with tempfile.TemporaryDirectory(prefix="limber-") as place:
        Path(place).chmod(0o755)
        yield Path(place)


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The bench's own modules, as the script imports them."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from bench_lib import client, pull, report

    return SimpleNamespace(client=client, pull=pull, report=report)


def left_of(temporary: Path) -> list[str]:
    """Command lines of processes that still name the bench's folder."""
    found = [" ".join(each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"])]
    return [line for line in found if str(temporary) in line]


@pytest.mark.slow
def test_generate_reports_every_row_as_json(temporary: Path) -> None:
    options = ("generate", "--requests", "4", "--sizes", "400", "--python-only", "--json")
    code, out, err = bench(temporary, *options)
    assert code == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    ways = ["Python: graph alone", "Python: whole routine", "policy in numpy", "policy in plain Python"]
    by_name = {row["row"]: row for row in rows if row["bench"] == "generate"}
    assert {"generator.onnx", "Python: session load", *ways} <= set(by_name)
    assert rows[0]["bench"] == "machine"
    assert rows[0]["cores"] >= 1
    bundled = (ROOT / "mobile" / "assets" / "models" / "generator.onnx").stat().st_size
    assert by_name["generator.onnx"]["bytes"] == bundled > by_name["generator.onnx"]["brotli"]
    for name in ways:
        row = by_name[name]
        assert row["count"] == 4
        assert 0 < row["p50_ms"] <= row["p99_ms"]
        assert 0 < row["cpu_p50_ms"] <= row["cpu_p99_ms"]
        assert row["ratio_to_plain"] > 0
    assert by_name["policy in plain Python"]["ratio_to_plain"] == 1
    grown = [(row["row"], row["items"]) for row in rows if row["bench"] == "growth"]
    assert grown == [(name, size) for name in ways for size in (grown[0][1], 400)]
    aims = [row for row in rows if row["bench"] == "aim"]
    assert [row["met"] for row in aims] == [row["value"] <= row["most"] for row in aims]
    assert len(aims) == 3
    assert "4 random requests" in err


@pytest.mark.slow
@pytest.mark.xdist_group("node")
def test_generate_measures_the_apps_runtimes_beside_python(temporary: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not on the PATH: install Node 20 or newer")
    code, out, err = bench(temporary, "generate", "--requests", "2", "--sizes", "400")
    assert code == 0, err
    for runtime in ("Python", "Node", "Node, newest", "wasm"):
        for what in ("session load", "graph alone", "whole routine"):
            assert f"{runtime}: {what}" in out
    assert "400 items" in out
    assert "last power" in out


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("push",), "invalid choice: 'push'"),
        (("generate", "--requests", "0"), "0 is not between"),
        (("generate", "--sizes", "1000,lots"), "'lots' is not a whole number"),
        (("pull", "--documents", "1000,many"), "'many' is not a whole number"),
        (("pull", "--documents", "5"), "5 is not between 10"),
        (("pull", "--seconds", "nan"), "nan is not between"),
        (("pull", "--coding", "lzma"), "invalid choice: 'lzma'"),
    ],
)
def test_bad_usage_names_the_option_and_exits_with_2(
    temporary: Path, options: tuple[str, ...], complaint: str
) -> None:
    code, out, err = bench(temporary, *options)
    assert (code, out) == (2, "")
    assert complaint in err
    assert "Traceback" not in err


def test_help_names_both_benches_and_their_options(temporary: Path) -> None:
    code, out, _ = bench(temporary, "--help")
    assert code == 0
    for word in (
        "generate",
        "pull",
        "--json",
        "--requests",
        "--sizes",
        "--documents",
        "--connections",
        "--coding",
    ):
        assert word in out


@pytest.mark.slow
def test_pull_measures_each_row_for_each_size_and_leaves_nothing(temporary: Path) -> None:
    code, out, err = bench(temporary, *TINY, "--json")
    assert code == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    pulls = [row for row in rows if row["bench"] == "pull"]
    names = ["bare", "10 changes, built each time", "10 changes, as shipped", "nothing new, 304"]
    assert [(row["documents"], row["row"]) for row in pulls] == [
        (n, name) for n in (20, 50) for name in names
    ]
    for row in pulls:
        assert row["requests"] >= 2
        assert row["requests_per_s"] > 0
        assert row["server_cpu_us"] > 0
        assert (row["ratio_to_bare"] == 1.0) or row["row"] != "bare"
    built, kept = pulls[1], pulls[2]
    assert built["postgres_cpu_us"] > 5 * kept["postgres_cpu_us"], "the cache was not off"
    assert built["body_bytes"] > 5000
    assert len([row for row in rows if row["bench"] == "aim"]) == 2 * 2 + 2
    assert list(temporary.glob("limber-*")) == []
    assert left_of(temporary) == []


@pytest.mark.slow
def test_a_signal_stops_everything_that_was_started(temporary: Path) -> None:
    child = launch(temporary, *TINY, "--rounds", "1000")
    assert child.stderr is not None
    for line in child.stderr:
        if "round 2 of" in line:
            break
    else:
        pytest.fail("no round was begun")
    family = psutil.Process(child.pid).children(recursive=True)
    assert len(family) > 6  # PostgreSQL with its backends, two servers, the client
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 128 + signal.SIGTERM
    assert "stopped by SIGTERM" in err
    assert "Traceback" not in err
    assert not [each for each in family if each.is_running()]
    assert list(temporary.glob("limber-*")) == []


def sample(rooms: SimpleNamespace, rate: float, server: float, postgres: float) -> Any:
    """One second at `rate`, CPU given per request in microseconds."""
    served = rate + 1  # the client's first request costs, too
    return rooms.pull.Sample(int(rate), 1.0, server * served / 1e6, postgres * served / 1e6, 0.1)


def test_a_ratio_is_the_median_over_neighbours_and_a_missed_aim_is_shown(rooms: SimpleNamespace) -> None:
    def rounds(rates: tuple[float, ...], cpu: float) -> list[tuple[Any, Any]]:
        return [(sample(rooms, 1000, 500, 0), sample(rooms, rate, cpu, 100)) for rate in rates]

    pairs = {(10, "delta"): rounds((400, 100, 450), 900), (1000, "delta"): rounds((600, 900, 600), 1400)}
    rows = rooms.pull.summary(pairs, {10: 9000, 1000: 9000}, {})
    few, many = (row for row in rows if row["row"] == "delta")
    assert (few["ratio_to_bare"], many["ratio_to_bare"]) == (0.4, 0.6)
    assert (few["ratio_least"], few["ratio_most"]) == (0.1, 0.45)
    assert few["server_cpu_us"] == pytest.approx(900)
    assert few["cpu_ratio_to_bare"] == pytest.approx(2.0)
    aims = [row for row in rows if row["bench"] == "aim"]
    assert [(round(row["value"], 3), row["met"]) for row in aims] == [(0.4, False), (0.6, True), (1.5, False)]
    text = rooms.report.aims_table(aims)
    assert text.count("MISSED") == 2
    assert "≤ 1.20 ×" in text


def test_the_client_refuses_a_wrong_answer(rooms: SimpleNamespace) -> None:
    head, body = b"HTTP/1.1 200 OK\r\n\r\n", b"right"
    rooms.client.check(head + body, 24, b"HTTP/1.1 200 ", body)
    for wrong in (head + b"wrong", b"HTTP/1.1 500 OK\r\n\r\nright", head + b"far right"):
        with pytest.raises(rooms.client.WrongAnswer, match="differs"):
            rooms.client.check(wrong, 24, b"HTTP/1.1 200 ", body)
