"""The parts of scripts/torture by themselves: a torture that cannot find a loss proves nothing."""

import http.client
import importlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EARLY, LATE = "0000000000aa-0000-00000000000000aa", "0000000000bb-0000-00000000000000bb"
KEY = ("ann", "routine", "r1")


@pytest.fixture(scope="module")
def parts() -> Iterator[SimpleNamespace]:
    """The modules of the torture, as the script imports them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(ROOT / "scripts"))
        names = ("checker", "faults", "ledger", "oracle", "person", "proxy")
        yield SimpleNamespace(**{name: importlib.import_module(f"torture_lib.{name}") for name in names})


def push(number: int, *patches: tuple[str, dict[str, Any] | None], device: str = "d1") -> dict[str, Any]:
    """A line of the ledger: patches of KEY at their clocks."""
    said = [
        {
            "collection": KEY[1],
            "id": KEY[2],
            "hlc": hlc,
            **({"delete": True} if fields is None else {"set": fields}),
        }
        for hlc, fields in patches
    ]
    return {"k": "push", "n": number, "t": 1.0, "account": KEY[0], "device": device, "patches": said}


def answer(number: int, *results: tuple[str, str | None], fate: str = "sent") -> dict[str, Any]:
    said = [list(result) for result in results]
    return {"k": "answer", "n": number, "t": 2.0, "status": 200, "results": said, "fate": fate}


APPLIED = ("applied", None)


def row(parts: SimpleNamespace, *, deleted: bool = False, **fields: tuple[str, Any]) -> Any:
    """A stored row: name=(clock, value)."""
    data = {name: value for name, (_, value) in fields.items() if name != "deletion"}
    clocks = {"" if name == "deletion" else name: clock for name, (clock, _) in fields.items()}
    return parts.oracle.Row(deleted, data, clocks)


def judged(
    parts: SimpleNamespace, entries: list[dict[str, Any]], stored: Any, append_only: bool = False
) -> Any:
    wanted = parts.oracle.expected(parts.oracle.gather(entries).get(KEY, {}), append_only, stored)
    return parts.oracle.difference(wanted, stored)


# --- the oracle ------------------------------------------------------------------------------------------


def test_the_newest_clock_wins_each_field_whatever_came_last(parts: SimpleNamespace) -> None:
    entries = [
        push(1, (LATE, {"a": 2})),
        answer(1, APPLIED),
        push(2, (EARLY, {"a": 1, "b": 1})),
        answer(2, APPLIED),
    ]
    assert judged(parts, entries, row(parts, a=(LATE, 2), b=(EARLY, 1))) is None
    assert "'a'" in judged(parts, entries, row(parts, a=(EARLY, 1), b=(EARLY, 1)))


def test_an_acknowledged_write_that_is_missing_is_a_loss(parts: SimpleNamespace) -> None:
    entries = [push(1, (EARLY, {"a": 1})), answer(1, APPLIED)]
    assert "missing" in judged(parts, entries, None)


def test_an_acknowledgement_that_the_device_never_saw_counts_too(parts: SimpleNamespace) -> None:
    entries = [push(1, (EARLY, {"a": 1})), answer(1, APPLIED, fate="lost")]
    assert "missing" in judged(parts, entries, None)


def test_an_unanswered_write_may_be_there_whole_or_not_at_all(parts: SimpleNamespace) -> None:
    entries = [push(1, (EARLY, {"a": 1, "b": 1}))]
    assert judged(parts, entries, None) is None
    assert judged(parts, entries, row(parts, a=(EARLY, 1), b=(EARLY, 1))) is None
    assert "'b'" in judged(parts, entries, row(parts, a=(EARLY, 1)))


def test_a_refused_write_must_not_be_there(parts: SimpleNamespace) -> None:
    entries = [push(1, (EARLY, {"a": 1})), answer(1, ("rejected", "clock_ahead"))]
    assert judged(parts, entries, None) is None
    assert "nobody was told" in judged(parts, entries, row(parts, a=(EARLY, 1)))


def test_a_value_with_the_right_clock_and_another_content_is_found(parts: SimpleNamespace) -> None:
    entries = [push(1, (EARLY, {"a": 1})), answer(1, APPLIED)]
    assert "should be 1" in judged(parts, entries, row(parts, a=(EARLY, 7)))


def test_a_delete_stands_until_a_later_edit_revives_the_record(parts: SimpleNamespace) -> None:
    gone = [push(1, (EARLY, {"a": 1}), (LATE, None)), answer(1, APPLIED, APPLIED)]
    assert judged(parts, gone, row(parts, deleted=True, a=(EARLY, 1), deletion=(LATE, None))) is None
    assert "alive" in judged(parts, gone, row(parts, a=(EARLY, 1), deletion=(LATE, None)))
    back = [push(1, (EARLY, None), (LATE, {"a": 1})), answer(1, APPLIED, APPLIED)]
    assert judged(parts, back, row(parts, a=(LATE, 1), deletion=(EARLY, None))) is None


def test_what_was_appended_stands_as_it_was_written(parts: SimpleNamespace) -> None:
    entries = [push(1, (EARLY, {"a": 1})), answer(1, APPLIED)]
    stored = parts.oracle.Row(False, {"a": 1}, {"*": EARLY})
    assert judged(parts, entries, stored, append_only=True) is None
    assert judged(parts, entries, None, append_only=True) is not None


def test_one_clock_for_two_different_writes_is_found(parts: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match=EARLY):
        parts.oracle.gather([push(1, (EARLY, {"a": 1})), push(2, (EARLY, {"a": 2}))])


def test_a_story_tells_who_wrote_what_and_what_was_done_between(parts: SimpleNamespace) -> None:
    entries = [
        push(1, (EARLY, {"a": 1})), {"k": "event", "t": 1.5, "what": "kill postgres"},
        answer(1, APPLIED, fate="lost"), push(2, (LATE, None), device="d2"), answer(2, ("stale", None)),
    ]  # fmt: skip
    told = "\n".join(parts.oracle.story(entries, KEY))
    for word in ("device d1", "kill postgres", "the device gets: lost", "device d2", "delete", "stale"):
        assert word in told


# --- the reckoning ---------------------------------------------------------------------------------------


def test_a_write_that_never_left_its_device_is_a_loss_unless_it_was_only_begun(
    parts: SimpleNamespace, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.jsonl"
    lines = [
        ["begun", *KEY[1:], {"a": "x"}],
        ["done", *KEY[1:], {"a": "x"}],
        ["begun", *KEY[1:], {"a": "y", "b": "y"}],
    ]
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines) + '["beg')

    def found(*entries: dict[str, Any]) -> list[str]:
        findings = parts.checker.Findings()
        parts.checker.against_journal("d1", journal, "ann", parts.oracle.gather(entries), findings)
        return list(findings.wrong)

    assert len(found()) == 1
    assert len(found(push(1, (EARLY, {"a": "x"})))) == 1
    assert found(push(1, (EARLY, {"a": "x"})), answer(1, APPLIED)) == []
    assert found(push(1, (EARLY, {"a": "y"})), answer(1, ("stale", None))) == []  # begun when it was killed


def test_a_replica_that_differs_is_found(parts: SimpleNamespace) -> None:
    from sync.canonical import catalog_digest, document_digest

    digest = catalog_digest({("routine", "r1"): document_digest({"a": 1})})
    known = parts.checker.Truth({("routine", "r1"): row(parts, a=(EARLY, 1))}, digest)
    right = {
        "device": "d1",
        "records": [{"collection": "routine", "id": "r1", "data": {"a": 1}}],
        "pending": 0,
    }

    def found(**changed: Any) -> int:
        findings = parts.checker.Findings()
        parts.checker.against_replica(0, {**right, "server_digest": digest, **changed}, known, findings)
        return len(findings.wrong)

    assert found() == 0
    assert found(records=[]) == 2  # and the digest
    assert found(pending=1) == 1
    assert found(server_digest="0") == 1


# --- the plan --------------------------------------------------------------------------------------------


def test_the_same_seed_plans_the_same_faults(parts: SimpleNamespace) -> None:
    plan, fault = parts.faults.plan, parts.faults.network_fault
    assert plan(7, 600, 8) == plan(7, 600, 8) != plan(8, 600, 8)
    assert [fault(7, n) for n in range(200)] == [fault(7, n) for n in range(200)]


def test_even_a_short_run_meets_every_kind_of_fault(parts: SimpleNamespace) -> None:
    kinds = {"kill worker", "kill server", "kill postgres", "kill backend", "kill device", "clock", "offline",
             "release", "backup", "restore", "reckon"}  # fmt: skip
    for seed in range(20):
        events = parts.faults.plan(seed, 40, 4)
        assert {event.kind for event in events} == kinds
        assert all(0 <= event.at_s <= 40 for event in events)
        at = {event.kind: event.at_s for event in events}
        assert at["backup"] < at["restore"]
    assert {
        parts.faults.network_fault(1, n).kind for n in range(2000) if parts.faults.network_fault(1, n)
    } == set(parts.faults.NETWORK)


def test_people_write_what_the_server_takes(parts: SimpleNamespace) -> None:
    import random

    from sync.records import RULES

    drawn, seen = random.Random(1), set()
    for number in range(500):
        done = parts.person.act(
            drawn, f"d1.0.{number}", [("routine", "018f0000-0000-7000-8000-000000000001")]
        )
        rule = RULES[done.collection]
        assert rule.id_pattern.fullmatch(done.id)
        if done.set is not None:
            rule.check(done.set, rule.append_only)
        seen.add((done.collection, done.set is None))
    assert len(seen) >= 8


# --- the network -----------------------------------------------------------------------------------------


class Upstream:
    """A server that acknowledges every patch and remembers what reached it whole."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    self.close_connection = True
                    return
                outer.bodies.append(body)
                results = [
                    {"id": p["id"], "status": "applied", "seq": 1} for p in json.loads(body)["patches"]
                ]
                said = json.dumps({"results": results}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


class Net:
    """A proxy before an upstream; `fault` is what befalls every exchange."""

    def __init__(self, parts: SimpleNamespace, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parts, self.upstream, self.path = parts, Upstream(), folder / "ledger.jsonl"
        self.fault: Any = None
        monkeypatch.setattr(parts.proxy, "network_fault", lambda *_: self.fault)
        self.book = parts.ledger.Ledger(self.path)
        self.proxy = parts.proxy.Proxy(self.upstream.server.server_address[1], 1, self.book)
        self.proxy.start()
        self.proxy.troubled = True

    def push(self, kind: str | None = None, wait_s: float = 0.01) -> Any:
        """Push one patch through a fault; the device's answer, None when it gets none."""
        self.fault = self.parts.faults.Fault(kind, 0.6, wait_s) if kind else None
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=5)
        body = json.dumps({"device": "d1", "patches": push(1, (EARLY, {"a": 1}))["patches"]})
        try:
            connection.request("POST", "/v1/sync", body=body, headers={"Authorization": "Bearer x.e30.x"})
            answer = connection.getresponse()
            return json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def acknowledged(self) -> int:
        return sum(
            len(entry["results"]) for entry in self.parts.ledger.entries(self.path) if entry["k"] == "answer"
        )

    def until(self, holds: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 5
        while not holds() and time.monotonic() < deadline:
            time.sleep(0.005)
        return holds()


@pytest.fixture
def net(parts: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    made = Net(parts, tmp_path, monkeypatch)
    yield made
    made.proxy.stop()
    made.book.__exit__(None, None, None)
    made.upstream.server.shutdown()
    made.upstream.server.server_close()


def test_without_a_fault_the_answer_comes_and_is_in_the_ledger(net: Net) -> None:
    assert net.push()["results"][0]["status"] == "applied"
    assert (len(net.upstream.bodies), net.acknowledged()) == (1, 1)


@pytest.mark.parametrize("kind", ["request lost", "request cut"])
def test_a_lost_or_cut_request_reaches_nobody(net: Net, kind: str) -> None:
    assert net.push(kind) is None
    assert (net.upstream.bodies, net.acknowledged()) == ([], 0)


@pytest.mark.parametrize("kind", ["answer lost", "answer cut"])
def test_a_lost_or_cut_answer_is_in_the_ledger_all_the_same(net: Net, kind: str) -> None:
    assert net.push(kind) is None
    assert (len(net.upstream.bodies), net.acknowledged()) == (1, 1)


@pytest.mark.parametrize("kind", ["doubled", "replayed"])
def test_a_repeated_request_arrives_twice_and_is_answered_once(net: Net, kind: str) -> None:
    assert net.push(kind)["results"]
    assert net.until(lambda: net.acknowledged() == 2)
    assert len(net.upstream.bodies) == 2


def test_a_request_that_is_held_back_arrives_after_later_ones(net: Net) -> None:
    assert net.push("held back", wait_s=0.5) is None
    assert net.upstream.bodies == []
    assert net.push() is not None
    assert net.until(lambda: net.acknowledged() == 2)
    assert net.until(lambda: bool(net.proxy.quiet))


def test_a_strange_answer_is_no_answer(net: Net) -> None:
    assert net.push("strange answer") is None
    assert net.upstream.bodies == []


def test_a_kill_that_was_armed_strikes_once_after_the_next_push(net: Net) -> None:
    struck: list[float] = []
    net.proxy.arm(0.0, lambda: struck.append(1.0))
    assert struck == []
    net.push()
    assert net.until(lambda: struck == [1.0])
    net.push()
    assert struck == [1.0]


def test_a_server_that_is_gone_is_no_acknowledgement(net: Net) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        net.proxy.upstream = probe.getsockname()[1]
    assert net.push() is None
    assert net.acknowledged() == 0


def test_an_answer_is_on_the_disk_before_anybody_sees_it(
    parts: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setattr(parts.ledger.os, "fsync", lambda _: synced.append(path.read_bytes()))
    with parts.ledger.Ledger(path) as book:
        book.push(1, "ann", "d1", [])
        book.answer(1, 200, [["applied", None]], "sent")
    assert b'"answer"' in synced[0]
    assert [entry["k"] for entry in parts.ledger.entries(path)] == ["push", "answer"]
