"""What a device makes of the answers that are not what it hoped for, and what else rides in a round trip."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from sync import replica
from sync.device import Device
from sync.device_account import SignInNeeded
from sync.transport import Response, TransportError
from tests.sync.accounts import TOKEN, AccountServer, Wall, held, phone, sync
from tests.sync.fakes import FakeServer, catalogue, cut, edited, network, raw

ACCOUNT = "0b5a7c0e-0000-7000-8000-000000000002"


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def catalog() -> FakeServer:
    made = FakeServer()
    made.publish(catalogue(10))
    return made


@pytest.fixture
def server(conn: Connection, wall: Wall, catalog: FakeServer) -> AccountServer:
    return AccountServer(conn, ACCOUNT, wall, catalog=catalog)


@pytest.fixture
def device(tmp_path: Path, server: AccountServer) -> Device:
    made = phone(tmp_path, "phone", server)
    made.create("note", {"x": 1}, "n")
    return made


def answering(server: AccountServer, *first: tuple[int, Any, dict[str, str]]) -> Any:
    """The server, whose first answers to POST are these."""
    left = list(first)

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        if left and method == "POST":
            status, said, more = left.pop(0)
            return raw(status, json.dumps(said).encode(), more)
        return server(method, url, headers, body)

    return send


def account(report: Any) -> Any:
    assert report.account is not None
    return report.account


# What rides along


def test_catalogue_and_model_come_in_the_same_round_trip(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    catalog.publish_model(b"m" * 2000, 1)
    report = sync(device, server, catalog)
    assert report.ok, report
    assert (report.catalog.release, report.model.outcome, report.pinned) == (
        1,
        "swapped",
        [report.catalog.key_id],
    )
    assert {(d["collection"], d["id"]): d["data"] for d in device.documents()} == catalogue(10)
    catalog.publish(edited(catalogue(10), 3))
    catalog.publish_model(b"n" * 2000, 2)
    catalog.requests.clear()
    report = sync(device, server, catalog)
    assert (report.catalog.release, report.catalog.source, report.model.outcome) == (2, "changes", "swapped")
    assert not [url for url, _ in catalog.requests if "changes" in url or "current" in url]
    report = sync(device, server, catalog)
    assert (report.catalog.outcome, report.model.outcome, len(server.requests[-1]["cursors"])) == (
        "unchanged", "unchanged", 2
    )  # fmt: skip


def test_a_model_report_goes_along_and_is_counted_once(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    catalog.publish_model(b"m" * 2000, 1)
    sync(device, server, catalog)
    device.run_model(lambda path: None)
    lost = [True]

    def send(*request: Any) -> Response:
        answer = server(*request)
        if lost.pop() if lost else False:
            raise TransportError("lost")
        return answer

    assert sync(device, send, catalog).health == "kept"
    assert sync(device, server, catalog).health == "sent"
    assert sync(device, server, catalog).health == "none"
    first, second = [request["health"] for request in server.requests if "health" in request]
    assert first == second  # one id: the server counts it once


def test_a_catalogue_that_is_refused_does_not_keep_the_records_waiting(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    sync(device, server, catalog)
    catalog.publish(edited(catalogue(10)), documents=99)
    device.edit("note", "n", {"x": 2})
    report = sync(device, server, catalog)
    assert report.catalog.outcome == "failed"
    assert "not the ones that were signed" in str(report.catalog.problem)
    assert (account(report).outcome, account(report).accepted) == ("synced", 1)


def test_a_new_key_is_followed_when_the_round_trips_release_bears_it(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    sync(device, server, catalog)
    catalog.signer = Ed25519PrivateKey.generate()
    catalog.publish(edited(catalogue(10)))
    catalog.requests.clear()
    report = sync(device, server, catalog)
    assert "not trusted" in str(report.catalog.problem)
    assert "/v1/keys" in [url for url, _ in catalog.requests]  # it asked for statements, and there are none
    assert account(report).outcome == "synced"


def test_a_damaged_cursor_costs_a_fresh_start_and_nothing_else(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    sync(device, server, catalog)
    with replica.opened(device.directory) as db:
        replica.remember(db, "account_place", {"cursor": "dam@ged", "full": False, "resync": None})
        replica.remember(db, "catalog", replica.recall(db, "catalog") | {"cursor": "damaged"})
    device.edit("note", "n", {"x": 3})
    report = sync(device, server, catalog)
    assert report.ok, report
    assert (account(report).resync, report.catalog.resync) == ("cursor", "cursor")
    assert server.state() == held(device) == {("note", "n"): {"x": 3}}


# When the server is not willing


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_busy_is_left_alone_until_it_says(
    device: Device, server: AccountServer, catalog: FakeServer, wall: Wall, status: int
) -> None:
    report = sync(device, answering(server, (status, {}, {"retry-after": "90"})), catalog)
    assert (report.ok, account(report).outcome, account(report).pending) == (True, "waiting", 1)
    wall.on(seconds=80)
    assert account(sync(device, server, catalog)).next_sync_after_s == 10
    assert server.requests == []
    wall.on(seconds=10)
    assert account(sync(device, server, catalog)).outcome == "synced"


def test_a_wall_clock_that_went_back_does_not_keep_a_device_waiting(
    device: Device, server: AccountServer, catalog: FakeServer, wall: Wall
) -> None:
    sync(device, answering(server, (429, {}, {"retry-after": "999999999"})), catalog)
    wall.on(days=-3)
    assert account(sync(device, server, catalog)).outcome == "synced"


def test_periodic_syncs_come_when_the_server_wants_them_and_a_persons_at_once(
    device: Device, server: AccountServer, catalog: FakeServer, wall: Wall
) -> None:
    assert account(sync(device, server, catalog, if_due=True)).next_sync_after_s == 900
    asked = len(server.requests)
    wall.on(seconds=899)
    assert account(sync(device, server, catalog, if_due=True)).outcome == "waiting"
    assert len(server.requests) == asked
    assert account(sync(device, server, catalog)).outcome == "synced"
    wall.on(seconds=901)
    assert account(sync(device, server, catalog, if_due=True)).outcome == "synced"


def test_a_version_that_is_too_old_is_told_so_and_keeps_everything(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    report = sync(device, answering(server, (426, {"detail": "Please update the app."}, {})), catalog)
    assert (report.ok, account(report).outcome) == (False, "update")
    assert (account(report).problem, account(report).pending) == ("Please update the app.", 1)
    assert report.catalog.outcome == "applied"  # by GET: that is public and has a form of its own


def test_a_token_that_is_over_is_renewed_once(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    asked: list[bool] = []

    def token(renew: bool) -> str:
        asked.append(renew)
        return TOKEN if any(asked) else "old"

    assert account(sync(device, server, catalog, token=token)).outcome == "synced"
    assert asked[:2] == [False, True]
    report = sync(device, server, catalog, token=lambda renew: "old")
    assert (report.ok, account(report).outcome) == (False, "sign_in")

    def ended(renew: bool) -> str:
        raise SignInNeeded("sign in again")

    assert account(sync(device, server, catalog, token=ended)).problem == "sign in again"


def test_a_body_that_is_too_large_is_sent_in_parts_and_one_patch_that_is_too_large_set_aside(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    for number in range(6):
        device.create("note", {"x": number}, f"n{number}")
    device.create("note", {"x": "long" * 500}, "long")

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        import zstandard

        plain = zstandard.decompress(body) if body and "Content-Encoding" in headers else body or b""
        if len(plain) > 800:
            return raw(413, b"", {})
        return server(method, url, headers, body)

    report = account(sync(device, send, catalog))
    assert (report.outcome, report.accepted, report.refused, report.pending) == ("synced", 7, 1, 0)
    assert [(e.id, (e.error or {})["code"]) for e in device.outbox()] == [("long", "too_large")]


def test_a_poisoned_health_report_holds_nothing_up(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    catalog.publish_model(b"m" * 2000, 1)
    sync(device, server, catalog)
    device.run_model(lambda path: None)
    device.edit("note", "n", {"x": 4})
    report = sync(device, answering(server, (422, {"errors": {"health.models": ["bad"]}}, {})), catalog)
    assert (report.health, account(report).outcome, account(report).accepted) == ("refused", "synced", 1)


def test_a_server_without_accounts_still_gives_its_catalogue(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    report = sync(device, answering(server, (404, {}, {})), catalog)
    assert (report.catalog.outcome, account(report).outcome, account(report).pending) == (
        "applied",
        "failed",
        1,
    )


def test_without_a_sign_in_nothing_of_the_person_leaves_the_device(
    tmp_path: Path, server: AccountServer, catalog: FakeServer
) -> None:
    device = phone(tmp_path, "anonymous")
    device.create("note", {"x": 1})
    report = sync(device, server, catalog)
    assert (report.ok, report.account, server.requests) == (True, None, [])
    assert report.catalog.outcome == "applied"


# What is not believed


def changed(server: AccountServer, change: Callable[[dict[str, Any]], object]) -> Any:
    """The server, whose answers are changed on the way."""

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        answer = server(method, url, headers, body)
        said = json.loads(answer.read(1 << 24))
        change(said)
        return raw(answer.status, json.dumps(said).encode(), answer.headers)

    return send


NONSENSE: list[Callable[[dict[str, Any]], object]] = [
    lambda said: said.pop("server_time"),
    lambda said: said.pop("account"),
    lambda said: said.update(account=[]),
    lambda said: said["account"].update(cursor=7),
    lambda said: said["account"].update(
        changes=[{"collection": "note", "id": "q", "seq": 1, "deleted": False}]
    ),
    lambda said: said["account"].update(
        changes=[{"collection": "note", "id": "q", "seq": 1, "deleted": True, "hlc": "yesterday"}]
    ),
    lambda said: said.update(results=[{"id": "n", "status": "applied"}] * 3),
    lambda said: said.update(results=[{"id": "other", "status": "applied", "seq": 9}]),
    lambda said: said.update(results=[{"id": "n", "status": "fine", "seq": 9}]),
    lambda said: said["account"].update(more=True, changes=[]),
    lambda said: said["account"].update(resync="epoch", more=True),
]


@pytest.mark.parametrize("change", NONSENSE)
def test_nonsense_is_refused_in_words_and_costs_nothing(
    device: Device, server: AccountServer, catalog: FakeServer, change: Callable[[dict[str, Any]], object]
) -> None:
    sync(device, server, catalog)
    device.edit("note", "n", {"x": 5})
    report = sync(device, changed(server, change), catalog)
    assert account(report).outcome == "failed"
    assert account(report).problem
    assert held(device) == {("note", "n"): {"x": 5}}
    assert account(sync(device, server, catalog)).outcome == "synced"
    assert held(device) == server.state() == {("note", "n"): {"x": 5}}


def test_a_late_answer_to_an_earlier_request_is_not_believed(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    answers: list[tuple[bytes, Mapping[str, str]]] = []

    def record(*request: Any) -> Response:
        answer = server(*request)
        answers.append((answer.read(1 << 24), answer.headers))
        return raw(answer.status, *answers[-1])

    sync(device, server, catalog)
    device.edit("note", "n", {"x": 6})
    sync(device, record, catalog)
    device.edit("note", "n", {"x": 7})
    # It names the same record and says that its patch was applied, which is true of the patch before.
    report = sync(device, lambda *_: raw(200, *answers[0]), catalog)
    assert (account(report).outcome, account(report).pending) == ("failed", 1)
    sync(device, server, catalog)
    assert server.state() == {("note", "n"): {"x": 7}}


def test_a_cut_answer_is_asked_for_again(device: Device, server: AccountServer, catalog: FakeServer) -> None:
    report = sync(device, lambda *request: cut(server(*request), 40), catalog)
    assert (account(report).outcome, account(report).pending) == ("failed", 1)
    assert account(sync(device, server, catalog)).outcome == "synced"
    assert held(device) == server.state()


def test_without_a_network_nothing_is_lost_and_all_is_told(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    def none(*_: Any) -> Response:
        raise TransportError("no network")

    report = sync(device, none, network(catalog, lambda n, r: none()))
    assert (report.ok, account(report).outcome, report.catalog.outcome) == (False, "failed", "failed")
    assert held(device) == {("note", "n"): {"x": 1}}


def test_a_digest_that_differs_after_a_whole_fetch_is_told(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    def lie(said: dict[str, Any]) -> None:
        if "digest" in said:
            said["digest"] = "0" * 64

    report = account(sync(device, changed(server, lie), catalog))
    assert (report.outcome, report.resync) == ("failed", "digest")
    assert "not the ones that the server's digest is of" in report.problem
    assert held(device) == server.state()


def test_a_server_that_calls_every_clock_wrong_is_left(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    def never(said: dict[str, Any]) -> None:
        for result in said.get("results", []):
            result.update(
                status="rejected", error={"code": "clock_ahead", "field": "hlc", "detail": "Ahead."}
            )

    report = account(sync(device, changed(server, never), catalog))
    assert (report.outcome, report.pending) == ("failed", 1)
    assert "whatever it is set to" in report.problem
    assert account(sync(device, server, catalog)).outcome == "synced"
    assert server.state() == held(device) == {("note", "n"): {"x": 1}}


def test_a_busy_digest_does_not_spoil_a_sync(
    device: Device, server: AccountServer, catalog: FakeServer
) -> None:
    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        if method == "GET":
            return raw(429, b"{}", {})
        return server(method, url, headers, body)

    report = account(sync(device, send, catalog))
    assert (report.outcome, report.checked) == ("synced", False)
    assert account(sync(device, server, catalog)).checked  # it is made up for
