"""From a file on an engineer's machine to a release: uploads that break off, half-published releases, two at once."""

import itertools
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from model_export import bundle
from model_export.shipping.client import Client, ServerRefused, upload
from server.models import uploads
from sync.canonical import sha256_hex
from sync.signing import verify
from sync.transport import Response, Send, TransportError
from tests.server.shipping import NOW, offered, released, sender

BODY = bytes(range(256)) * 300


@pytest.fixture(scope="session")
def held() -> bundle.Bundle:
    return bundle.read()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(limber: Any, waits: list[float]) -> Client:
    return Client(sender(limber), limber.token("ml_engineer")["Authorization"].split()[1], waits.append)


class NoGates:
    """Stands where model_export.admission does, for what is not about the gates."""

    Rejected = ValueError

    @staticmethod
    def admit(model: bytes, golden: bytes) -> dict[str, Any]:
        files = {"sha256": sha256_hex(model), "bytes": len(model), "contract": 2, "opset": 17, "ir": 8}
        return files | {"operators": [], "golden": {"sha256": sha256_hex(golden), "bytes": len(golden)}}


@pytest.fixture
def ungated(limber: Any) -> None:
    limber.app.extensions["limber"].admission = lambda: NoGates


@pytest.fixture
def publish(limber: Any, client: Client, held: bundle.Bundle) -> Callable[..., Any]:
    """Upload the bundled model and have it released."""

    def run(**wish: Any) -> Any:
        model = upload(client, held.model, "onnx")
        golden = upload(client, held.golden, "golden.json")
        return client.post("/v1/models/releases", {"model": model, "golden": golden, "catalog_min": 1} | wish)

    return run


def broken(send: Send, fault: Callable[[int, str], str]) -> Send:
    """`send` whose n-th request is lost on the way there, or on the way back, as `fault(n, method)` says."""
    number = -1

    def sending(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        nonlocal number
        number += 1
        what = fault(number, method)
        if what == "there":
            raise TransportError("lost")
        response = send(method, url, headers, body)
        if what == "back":
            raise TransportError("lost")
        return response

    return sending


# Uploads


def test_a_file_comes_in_parts_and_is_stored_under_its_hash(limber: Any, client: Client) -> None:
    came: list[int] = []
    sha256 = upload(client, BODY, "onnx", came.append, part=10_000)
    assert limber.store.get(f"models/{sha256}.onnx") == BODY
    assert sum(came) == len(BODY)
    assert len(came) == 9
    again: list[int] = []
    upload(client, BODY, "onnx", again.append)
    assert again == [len(BODY)]


@pytest.mark.parametrize("how", ["there", "back"])
def test_requests_that_are_lost_are_sent_again_with_growing_waits(
    limber: Any, client: Client, waits: list[float], how: str
) -> None:
    flaky = Client(broken(client.send, lambda n, _: how if n % 3 else ""), client.token, waits.append)
    sha256 = upload(flaky, BODY, "onnx", part=10_000)
    assert limber.store.get(f"models/{sha256}.onnx") == BODY
    assert any(second > first for first, second in itertools.pairwise(waits))


def test_an_upload_that_was_killed_goes_on_where_it_broke(limber: Any, client: Client) -> None:
    def killed(number: int, _: str) -> str:
        if number == 4:
            raise KeyboardInterrupt
        return ""

    with pytest.raises(KeyboardInterrupt):
        upload(Client(broken(client.send, killed), client.token), BODY, "onnx", part=10_000)
    name = f"{sha256_hex(BODY)}.onnx"
    assert client.call("GET", f"/v1/models/files/{name}") == {
        "name": name,
        "received": 30_000,
        "bytes": len(BODY),
        "complete": False,
    }
    assert not limber.store.exists(f"models/{name}")
    came: list[int] = []
    upload(client, BODY, "onnx", came.append, part=10_000)
    assert came[0] == 30_000
    assert limber.store.get(f"models/{name}") == BODY


def test_when_the_server_stays_away_the_upload_gives_up(client: Client, waits: list[float]) -> None:
    away = Client(broken(client.send, lambda *_: "there"), client.token, waits.append)
    with pytest.raises(TransportError):
        upload(away, BODY, "onnx")
    assert len(waits) == 5


def test_a_busy_server_says_when_to_come_back(client: Client, waits: list[float]) -> None:
    answers = [Response(503, {"retry-after": "7"}, iter([b"{}"])), Response(200, {}, iter([b'{"a": 1}']))]
    busy = Client(lambda *_: answers.pop(0), client.token, waits.append)
    assert busy.call("GET", "/x") == {"a": 1}
    assert waits == [7.0]


def test_two_uploads_of_one_file_help_each_other(limber: Any, client: Client) -> None:
    threads = [
        threading.Thread(target=upload, args=(client, BODY, "onnx"), kwargs={"part": 20_000})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limber.store.get(f"models/{sha256_hex(BODY)}.onnx") == BODY


def put(limber: Any, name: str, body: bytes, content_range: str | None = None) -> Any:
    headers = limber.token("ml_engineer") | ({"Content-Range": content_range} if content_range else {})
    return limber.client.put(f"/v1/models/files/{name}", data=body, headers=headers)


def test_a_file_with_another_hash_is_refused_and_forgotten(limber: Any) -> None:
    name = f"{'a' * 64}.onnx"
    assert put(limber, name, b"12345", "bytes 0-4/10").json["received"] == 5
    answer = put(limber, name, b"67890", "bytes 5-9/10")
    assert answer.status_code == 422
    assert "have the hash" in answer.json["errors"]["name"][0]
    assert put(limber, name, b"12345", "bytes 0-4/10").json["received"] == 5
    assert put(limber, name, b"whole").status_code == 422


def test_parts_that_do_not_fit_are_told_where_to_go_on(limber: Any) -> None:
    name = f"{sha256_hex(BODY)}.onnx"
    assert put(limber, name, BODY[:100], f"bytes 0-99/{len(BODY)}").status_code == 200
    for body, content_range in (
        (BODY[200:300], f"bytes 200-299/{len(BODY)}"),
        (BODY[:100], f"bytes 0-99/{len(BODY)}"),
        (BODY[100:200], f"bytes 100-199/{len(BODY) + 1}"),
    ):
        answer = put(limber, name, body, content_range)
        assert (answer.status_code, answer.json["received"]) == (409, 100)
    for body, content_range in (
        (b"12", "bytes 0-9/10"),
        (b"12", "bytes 1-0/10"),
        (b"", "bytes 0-0/10"),
        (b"12", "bytes 9-10/10"),
        (b"12", "lines 0-1/10"),
        (b"12", "bytes 0-1/*"),
        (b"12", f"bytes 0-1/{2 << 20}"),
    ):
        assert put(limber, f"{'b' * 64}.onnx", body, content_range).status_code == 422
    for wrong in ("x.onnx", f"{'b' * 64}.exe", f"{'B' * 64}.onnx"):
        assert put(limber, wrong, b"12").status_code == 404


def test_an_abandoned_upload_makes_room(limber: Any) -> None:
    put(limber, f"{'a' * 64}.onnx", b"12345", "bytes 0-4/10")
    later = NOW + timedelta(days=8)
    with limber.engine.begin() as conn:
        uploads.receive(conn, limber.store, f"{'b' * 64}.onnx", 0, 10, b"12345", later)
        assert uploads.arrived(conn, limber.store, f"{'a' * 64}.onnx").received == 0


# Publishing


def test_a_published_model_is_signed_and_offered(
    limber: Any, publish: Callable[..., Any], held: bundle.Bundle
) -> None:
    done = publish(channel="stable", min_app="1.0", percent=12.5)
    assert (done["release"], done["channel"], done["changed"]) == (1, "stable", True)
    answer = limber.client.get(
        "/v1/models/current", query_string={"contract": 2, "app": "1.0", "device": "x" * 8}
    )
    status = limber.client.get("/v1/models/status", headers=limber.token("ml_engineer")).json
    (release,) = status["releases"]
    assert (release["percent"], release["min_app"], release["evaluated"]) == (12.5, "1.0.0", False)
    assert status["audit"][0]["actor"] == "mia"
    assert answer.status_code in (200, 404)  # as its bucket falls
    with limber.engine.connect() as conn:
        envelope = conn.exec_driver_sql("SELECT manifest FROM release WHERE stream = 'model'").scalar_one()
    trusted = {key["key_id"]: key["public_key"] for key in limber.client.get("/v1/keys").json["keys"]}
    manifest = verify(envelope, trusted)
    assert manifest["sha256"] == sha256_hex(held.model)
    assert {"Loop", "TreeEnsembleRegressor"} <= set(manifest["operators"])


def test_publishing_again_after_a_lost_answer_changes_nothing(
    publish: Callable[..., Any], ungated: None
) -> None:
    first = publish(expected=0)
    assert publish(expected=0) == first | {"changed": False}


def test_the_server_looks_for_itself(limber: Any, client: Client, held: bundle.Bundle) -> None:
    """A file that no gate was run on gets no release, and nothing of it is to be seen."""
    golden = upload(client, held.golden, "golden.json")
    other_golden = upload(client, b"{}", "golden.json")
    model = upload(client, held.model, "onnx")
    for wish, said in (
        ({"model": upload(client, b"no model", "onnx"), "golden": golden}, "truncated or damaged"),
        ({"model": upload(client, held.model[:-100], "onnx"), "golden": golden}, "loads|metadata"),
        ({"model": model, "golden": other_golden}, "golden"),
    ):
        with pytest.raises(ServerRefused, match=said):
            client.post("/v1/models/releases", wish | {"catalog_min": 1})
    assert client.call("GET", "/v1/models/status")["releases"] == []


def test_a_release_of_files_that_are_not_there_is_refused(
    limber: Any, client: Client, held: bundle.Bundle
) -> None:
    model = upload(client, held.model, "onnx")
    with pytest.raises(ServerRefused, match="golden: no such file"):
        client.post("/v1/models/releases", {"model": model, "golden": "0" * 64, "catalog_min": 1})
    limber.store.root.joinpath(f"models/{model}.onnx").write_bytes(held.model[:-1] + b"?")
    golden = upload(client, held.golden, "golden.json")
    answer = limber.client.post(
        "/v1/models/releases",
        json={"model": model, "golden": golden, "catalog_min": 1},
        headers=limber.token("ml_engineer"),
    )
    assert (answer.status_code, "damaged" in answer.json["detail"]) == (503, True)


def test_killed_at_any_request_no_half_release_is_seen_and_the_next_try_completes(
    limber: Any, client: Client, held: bundle.Bundle, ungated: None
) -> None:
    def whole(using: Client) -> None:
        model = upload(using, held.model, "onnx", part=60_000)
        golden = upload(using, held.golden, "golden.json", part=60_000)
        using.post("/v1/models/releases", {"model": model, "golden": golden, "catalog_min": 1})

    for _ in range(30):  # each try is killed after the first part that is new, before its answer comes
        puts = 0

        def kill(_: int, method: str) -> str:
            nonlocal puts
            puts += method == "PUT"
            if puts > 1:
                raise KeyboardInterrupt
            return ""

        answer = limber.client.get("/v1/models/current", query_string={"channel": "canary"})
        assert answer.status_code == 404
        try:
            whole(Client(broken(client.send, kill), client.token))
        except KeyboardInterrupt:
            continue
        break
    answer = limber.client.get("/v1/models/current", query_string={"channel": "canary"}).json
    assert limber.client.get(answer["url"]).data == held.model
    assert limber.client.get(answer["golden_url"]).data == held.golden


def test_an_evaluation_of_another_model_is_refused(publish: Callable[..., Any], held: bundle.Bundle) -> None:
    """What else an evaluation can fail is in test_gates.py; here it counts that the server asks."""
    better = {"model": 0.6, "rules_only": 0.5, "difference": 0.1, "interval": [0.05, 0.15]}
    equal = {"difference": 0.0, "interval": [-0.01, 0.01], "sessions": 100}
    made = {
        "model_sha256": "0" * 64,
        "all": better,
        "families": {"a": better},
        "cohorts": {"old": equal},
        "simulation_only": True,
    }
    with pytest.raises(ServerRefused, match="another model"):
        publish(evaluation=made)
    assert publish(evaluation=made | {"model_sha256": sha256_hex(held.model)})["changed"]


# Two engineers


def test_of_two_engineers_one_wins_and_the_other_is_told_by_whom(limber: Any) -> None:
    released(limber, b"old")
    for name in ("mia", "noor"):
        released(limber, f"by {name}".encode(), channel="canary")
    answers: dict[str, Any] = {}

    def promote(name: str, release: int) -> None:
        answers[name] = limber.app.test_client().post(
            "/v1/models/promote",
            json={"percent": 50, "expected": 1, "release": release, "force": True, "reason": "a test"},
            headers=limber.token("ml_engineer", subject=name),
        )

    threads = [threading.Thread(target=promote, args=args) for args in (("mia", 2), ("noor", 3))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = (name for name, answer in answers.items() if answer.status_code == 200)
    (loser,) = (name for name in answers if name != winner)
    assert answers[loser].status_code == 409
    found = answers[loser].json["found"]
    assert (found["actor"], found["action"], found["release"]) == (
        winner,
        "promote",
        answers[winner].json["release"],
    )
    assert f"by {winner} at" in answers[loser].json["detail"]


def test_who_decides_on_an_older_state_is_told(
    limber: Any, publish: Callable[..., Any], ungated: None
) -> None:
    released(limber, b"a colleague's", channel="canary")
    with pytest.raises(ServerRefused, match="moved on to release 1, by tests at") as refused:
        publish(expected=0)
    assert refused.value.status == 409


# The other commands, over HTTP


def test_halt_and_rollback_need_a_reason_and_leave_a_trail(limber: Any) -> None:
    header = limber.token("ml_engineer")
    released(limber, b"one")
    released(limber, b"two")
    for path in ("halt", "rollback"):
        answer = limber.client.post(f"/v1/models/{path}", json={"release": 2}, headers=header)
        assert "reason" in answer.json["errors"]
    back = limber.client.post("/v1/models/rollback", json={"reason": "worse"}, headers=header)
    assert (back.json["release"], offered(limber)) == (3, 3)
    stop = limber.client.post("/v1/models/halt", json={"release": 3, "reason": "worse still"}, headers=header)
    assert stop.json["release"] == 4
    trail = limber.client.get("/v1/models/status", headers=header).json["audit"]
    assert [(e["action"], e["reason"]) for e in trail[:2]] == [("halt", "worse still"), ("rollback", "worse")]
    assert trail[0]["details"]["instead"] == 4
    assert trail[1]["details"]["from"] == 2


def test_forcing_needs_a_reason(limber: Any) -> None:
    answer = limber.client.post(
        "/v1/models/promote", json={"force": True}, headers=limber.token("ml_engineer")
    )
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["reason"])


def test_status_tells_which_releases_are_serving(limber: Any) -> None:
    for body, wish in ((b"a", {}), (b"b", {}), (b"c", {"share": 100}), (b"d", {"channel": "canary"})):
        released(limber, body, **wish)
    status = limber.client.get("/v1/models/status", headers=limber.token("ml_engineer")).json
    assert {r["release"]: r["state"] for r in status["releases"]} == {
        1: "superseded",
        2: "serving",
        3: "serving",
        4: "serving",
    }
    assert status["channels"] == [
        {"channel": "stable", "newest": 3, "serving": [3, 2]},
        {"channel": "canary", "newest": 4, "serving": [4]},
    ]
