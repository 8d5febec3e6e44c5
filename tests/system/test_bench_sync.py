"""scripts/bench sync: it asks what it says it asks, every answer is looked at, and nothing stays behind."""

import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import psutil
import pytest

from sync import clock
from sync.records import RULES

ROOT = Path(__file__).resolve().parents[2]
TINY = ("sync", "--clients", "1,2", "--records", "150", "--stream", "20,60", "--accounts", "0", "--workers", "1",
        "--rounds", "1", "--seconds", "0.05")  # fmt: skip


def bench(temporary: Path, *options: str) -> tuple[int, str, str]:
    clean = {name: value for name, value in os.environ.items() if "LIMBER_" not in name}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "bench"), *options],
        env={**clean, "LIMBER_NO_BOOTSTRAP": "1", "TMPDIR": str(temporary)},
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


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
    from bench_lib import sync, sync_client, sync_content, sync_kinto, sync_stage

    return SimpleNamespace(
        sync=sync, client=sync_client, content=sync_content, kinto=sync_kinto, stage=sync_stage
    )


@pytest.mark.slow
def test_every_row_is_measured_and_nothing_is_left(temporary: Path) -> None:
    code, out, err = bench(temporary, *TINY, "--json")
    assert code == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    measured = [row for row in rows if row["bench"] == "sync"]
    names = ["bare", "idle", "delta of 10 out of 150", "push of 100", "first pull of 150"]
    grown = ["delta, 20 in the stream", "delta, 60 in the stream"]
    assert [(row["clients"], row["row"]) for row in measured] == [
        *((clients, name) for clients in (1, 2) for name in names), *((2, name) for name in grown)
    ]  # fmt: skip
    for row in measured:
        assert 0 < row["p50_ms"] <= row["p95_ms"]
        assert row["per_s"] > 0
        assert row["server_cpu_us"] > 0
        assert row["bytes_down"] > 200
    by_name = {row["row"]: row for row in measured}
    assert by_name["idle"]["bytes_down"] < 1500 < by_name["delta of 10 out of 150"]["bytes_down"]
    assert by_name["push of 100"]["bytes_up"] > 50_000
    aims = [row["row"] for row in rows if row["bench"] == "aim"]
    assert aims == [
        "idle, 2 clients", "delta of 10 out of 150, 2 clients", "push of 100, 2 clients",
        "delta: CPU, 60 in the stream against 20",
    ]  # fmt: skip
    assert list(temporary.glob("limber-*")) == []
    left = [" ".join(each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"])]
    assert [line for line in left if str(temporary) in line] == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("sync", "--clients", "0"), "0 is not between 1 and 64"),
        (("sync", "--records", "5"), "5 is not between 10"),
        (("sync", "--against", "couchdb"), "invalid choice: 'couchdb'"),
        (("sync", "--accounts", "lots"), "'lots' is not a whole number"),
    ],
)
def test_bad_usage_names_the_option(temporary: Path, options: tuple[str, ...], complaint: str) -> None:
    code, out, err = bench(temporary, *options)
    assert (code, out) == (2, "")
    assert complaint in err


def test_what_is_pushed_is_what_the_server_takes(rooms: SimpleNamespace) -> None:
    content = rooms.content.Content(1)
    records = list(content.records(200))
    assert len({(collection, identity) for collection, identity, _ in records}) == 200
    assert {collection for collection, _, _ in records} == set(RULES) - {
        "profile", "preferences", "constraint"
    }  # fmt: skip
    for collection, identity, fields in records:
        RULES[collection].check(fields, whole=True)
        assert RULES[collection].id_pattern.fullmatch(identity)
    assert list(rooms.content.Content(1).records(200)) == records
    sent = orjson.loads(rooms.content.patches(iter(records), 1_700_000_000_000))
    assert [clock.parse(patch["hlc"]).ms for patch in sent[:2]] == [1_700_000_000_000, 1_700_000_000_001]
    assert 70_000 < len(orjson.dumps(sent)) / 2 < 120_000


def test_writers_never_send_a_push_twice(rooms: SimpleNamespace) -> None:
    made: list[tuple[str, int]] = []

    def maker(name: str) -> Any:
        return lambda number, records: made.append((name, number)) or f"{name}{number}".encode()

    queue = rooms.sync.Writers([maker("a"), maker("b")], rooms.content.Content(1), 16)
    first = queue.units(1)
    assert first == [[[f"a{number}".encode()] for number in range(16)]]
    queue.used([3])
    both = queue.units(2)
    assert [units[0] for units in both] == [[b"a3"], [b"b0"]]
    assert [len(units) for units in both] == [8, 8]
    queue.used([8, 8])
    assert queue.units(2)[0][0] == [b"a11"]
    assert len(made) == len(set(made))


def test_a_wrong_answer_stops_the_bench(rooms: SimpleNamespace) -> None:
    good = b'{"results":[{"status":"applied"},{"status":"applied"}]}'
    rooms.client.check(b"HTTP/1.1 200 OK", good, (b'"applied"', 2))
    rooms.client.check(b"HTTP/1.1 304 Not Modified", b"", None)
    for head, body, count in (
        (b"HTTP/1.1 429 Too Many", b"", None),
        (b"HTTP/1.1 200 OK", good, (b'"applied"', 3)),
    ):
        with pytest.raises(rooms.client.WrongAnswer):
            rooms.client.check(head, body, count)
    with pytest.raises(rooms.client.WrongAnswer, match="without a length"):
        rooms.client.length_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked")


def test_an_order_can_be_carried_out_by_a_process_without_our_packages(
    rooms: SimpleNamespace, tmp_path: Path
) -> None:
    order = tmp_path / "order.pickle"
    units = [[[rooms.stage.request("POST", "/v1/sync", {"Authorization": "Bearer x"}, b"{}")]]]
    order.write_bytes(
        pickle.dumps({"port": 1, "seconds": 0.1, "loops": True, "count": None, "connections": units})
    )
    script = ROOT / "scripts" / "bench_lib" / "sync_client.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)], input=f"{order}\n", capture_output=True, text=True, check=True
    )  # fmt: skip
    assert "refused" in json.loads(done.stdout)["error"]


def test_kinto_is_asked_as_its_own_client_asks(rooms: SimpleNamespace) -> None:
    shelf = rooms.kinto.Shelf("u1", 10_000)
    known = rooms.kinto.FIRST_MS + 9_990
    asked = shelf.since(10)
    assert (
        f"GET /v1/buckets/u1/collections/records/records?_since=%22{known}%22 HTTP/1.1\r\n".encode() in asked
    )
    assert f'If-None-Match: "{known}"\r\n'.encode() in asked
    head, _, body = shelf.push(rooms.content.Content(1).records(3)).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/batch ")
    batch = json.loads(body)
    assert batch["defaults"] == {"method": "PUT", "headers": {"If-None-Match": "*"}}
    assert len(batch["requests"]) == 3


def sample(rooms: SimpleNamespace, rate: int, cpu: float, received: int = 0) -> Any:
    """One second at `rate`, with so many seconds of CPU for each unit."""
    return rooms.stage.Sample(rate, 1.0, cpu * rate, 0.0, 0.1, [1.0] * rate, received * rate, 0, [rate])


def test_ratios_are_of_neighbours_and_missed_aims_are_shown(rooms: SimpleNamespace) -> None:
    def task(name: str, samples: list[Any], beside: str = "") -> Any:
        made = rooms.sync.Task(name, None, None, beside=beside)
        made.samples = {8: samples}
        return made

    first = "first pull of 10,000"
    tasks = [
        task("bare", [sample(rooms, 1000, 0.001), sample(rooms, 2000, 0.001)]),
        task("idle", [sample(rooms, 500, 0.002), sample(rooms, 1000, 0.002)]),
        task(first, [sample(rooms, 5, 0.1, 3_600_000), sample(rooms, 5, 0.1, 3_600_000)]),
        task("Kinto: idle", [sample(rooms, 100, 0.01), sample(rooms, 100, 0.01)], "idle"),
    ]
    grown = [
        task("delta, 100 accounts", [sample(rooms, 10, 0.001)] * 2),
        task("delta, 900 accounts", [sample(rooms, 10, 0.0013)] * 2),
    ]
    how = SimpleNamespace(clients=[8])
    rows = rooms.sync.summary(tasks, {"accounts": grown}, how, {"bench": "sync"})
    idle = next(row for row in rows if row["row"] == "idle")
    assert (idle["ratio_to_bare"], idle["ratio_to_kinto"], idle["per_s"]) == (0.5, 7.5, 750)
    aims = {row["row"]: (round(row["value"], 2), row["met"]) for row in rows if row["bench"] == "aim"}
    assert aims == {
        "idle, 8 clients": (750, False),
        f"{first}: on the wire": (3.6, True),
        "delta: CPU, 900 accounts against 100": (1.3, False),
    }
