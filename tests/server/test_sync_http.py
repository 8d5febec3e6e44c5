"""What surrounds a sync: who may, how often, in which coding, and the parts that come from memory."""

import gzip
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from server.auth import mint
from server.inflate import DECODERS
from server.models import Ask, newest_model
from server.models.ladder import releases
from server.replication.pace import CALM, SLOWEST, SPREAD, WINDOW_S, Load, Rates, next_after
from server.replication.parts import model_part
from sync.compress import ENCODINGS, compress
from sync.cursor import Cursor, encode
from sync.health import BUCKETS
from tests.server.accounts import NOW_MS, Phone, as_owner, new_account, phone

URL = "/v1/sync"


@pytest.fixture
def mia(limber: Any) -> Phone:
    return phone(limber, new_account(limber))


@pytest.fixture
def serve(start: Callable[..., Any], make_database: Any, published: Any) -> Callable[..., Any]:
    """`serve(release_seconds=…, page_limit=…)`: a server with the catalogue and these settings."""

    def make(release_seconds: float = 0.0, **changed: Any) -> Any:
        return start(
            make_database(published.database), published, changed=changed, release_seconds=release_seconds
        )

    return make


# Who may


def test_nobody_syncs_without_a_token(limber: Any) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic bWlh"}):
        for answer in (
            limber.client.post(URL, json={}, headers=headers),
            limber.client.get(f"{URL}/digest?stream=account", headers=headers),
        ):
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_without_the_scope_is_not_enough(limber: Any) -> None:
    account = new_account(limber)
    limber.token()
    token = mint(limber.settings, str(account), ["member"], 60, scope="account openid")
    answer = limber.client.post(URL, json={}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert 'scope="sync"' in answer.headers["WWW-Authenticate"]


def test_an_operators_token_is_no_accounts(limber: Any) -> None:
    answer = limber.client.post(URL, json={}, headers=limber.token("admin", subject="mia"))
    assert (answer.status_code, "operator" in answer.json["detail"]) == (403, True)


@pytest.mark.parametrize("patches", [True, False])
def test_an_account_that_was_never_there_is_told_so(limber: Any, patches: bool) -> None:
    new_account(limber)  # makes the master key
    nobody = phone(limber, uuid.uuid4())
    answer = nobody.post(patches=[nobody.patch("profile", "me", {"level": "trained"})] if patches else [])
    assert (answer.status_code, "does not exist" in answer.json["detail"]) == (401, True)
    assert "invalid_token" in answer.headers["WWW-Authenticate"]
    assert limber.client.get(f"{URL}/digest?stream=account", headers=nobody.bearer).status_code == 401
    with as_owner(limber) as conn:
        assert (
            conn.execute(text("SELECT count(*) FROM stream WHERE stream LIKE 'account:%'")).scalar_one() == 1
        )


@pytest.mark.parametrize("how", ["DELETE FROM account", "UPDATE account SET disabled_at = now()"])
def test_an_account_that_was_erased_or_disabled_meanwhile_is_let_in_no_more(
    limber: Any, mia: Phone, how: str
) -> None:
    mia.sync(mia.patch("profile", "me", {"level": "trained"}))
    with as_owner(limber) as conn:
        conn.execute(text(how))
    for patches in ([], [mia.patch("profile", "me", {"level": "beginner"})]):
        answer = mia.post(patches=patches)
        assert answer.status_code == 401
        assert "invalid_token" in answer.headers["WWW-Authenticate"]


# How often


def test_who_comes_too_often_is_told_when_to_come_again(serve: Callable[..., Any]) -> None:
    limber = serve(sync_per_minute=3)
    mia, ben = (phone(limber, new_account(limber)) for _ in range(2))
    assert [mia.post().status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = mia.post()
    assert 0 < int(answer.headers["Retry-After"]) <= 20
    assert "too often" in answer.json["detail"]
    assert limber.client.get(f"{URL}/digest?stream=account", headers=mia.bearer).status_code == 429
    assert ben.post().status_code == 200


def test_a_bucket_fills_as_time_goes_by() -> None:
    now = [100.0]
    rates = Rates(60, lambda: now[0])
    assert [rates.wait("mia") for _ in range(60)] == [0.0] * 60
    assert rates.wait("mia") == pytest.approx(1.0)
    now[0] += 0.5
    assert rates.wait("mia") == pytest.approx(0.5)
    now[0] += 0.5
    assert rates.wait("mia") == 0.0
    assert rates.wait("mia", 10) == pytest.approx(10.0)
    now[0] += 1000
    assert rates.wait("mia", 1000) == 0.0  # the most that anything can cost is a full bucket
    assert rates.wait("mia") == pytest.approx(1.0)
    assert Rates(0).wait("mia") == 0.0


def test_devices_come_at_their_own_times_and_more_seldom_under_load() -> None:
    waits = [next_after(f"{device:016x}", 900, 0.0) for device in range(1000)]
    assert min(waits) >= round(900 * (1 - SPREAD))
    assert max(waits) <= round(900 * (1 + SPREAD))
    assert len(set(waits)) > 200
    assert waits[7] == next_after(f"{7:016x}", 900, CALM)
    assert next_after(f"{7:016x}", 900, 1.0) == pytest.approx(SLOWEST * waits[7], abs=SLOWEST)
    assert next_after("a" * 16, 1, 0.0) == 1


def test_the_load_is_what_the_threads_did_lately() -> None:
    now = [0.0]
    load = Load(4, lambda: now[0])
    assert load.share() == 0.0
    for _ in range(1000):  # two of four threads busy all the time
        now[0] += 0.1
        load.add(0.2)
    assert load.share() == pytest.approx(0.5, abs=0.02)
    now[0] += 3 * WINDOW_S
    assert load.share() < 0.05


# In which coding


@pytest.mark.parametrize("coding", ENCODINGS)
def test_requests_and_answers_come_compressed(limber: Any, mia: Phone, coding: str) -> None:
    patches = [mia.patch("exercise_pref", f"e-{n}", {"notes": "the same words"}) for n in range(100)]
    body = orjson.dumps(
        {"device": mia.device, "protocol": 1, "cursors": {"account": None}, "patches": patches}
    )
    headers = {**mia.bearer, "Content-Encoding": coding, "Accept-Encoding": coding}
    sent = compress(body, coding)
    assert len(sent) < len(body) / 4
    answer = limber.client.post(URL, data=sent, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, coding)
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "Accept-Encoding")
    said = orjson.loads(DECODERS[coding](answer.data, 2**20))
    assert [result["status"] for result in said["results"]] == ["applied"] * 100
    assert len(said["account"]["changes"]) == 100


def test_zstd_is_preferred_and_a_small_answer_is_sent_as_it_is(limber: Any, mia: Phone) -> None:
    mia.bearer |= {"Accept-Encoding": "gzip, br, zstd"}
    assert mia.post(cursors={"catalog": None, "account": None}).headers.get("Content-Encoding") is None
    page = limber.client.get("/v1/catalog/changes").json["cursor"]
    assert mia.post(cursors={"catalog": page}, limit=50).headers["Content-Encoding"] == "zstd"


def test_who_takes_no_coding_that_there_is_gets_a_406(mia: Phone) -> None:
    mia.bearer |= {"Accept-Encoding": "identity;q=0, deflate"}
    assert mia.post().status_code == 406


@pytest.mark.parametrize("coding", ENCODINGS)
@pytest.mark.parametrize("path", [URL, "/v1/models/health", "/v1/routines"])
def test_a_bomb_is_refused_before_it_is_inflated(limber: Any, mia: Phone, coding: str, path: str) -> None:
    bomb = compress(b"[" + b" " * 50_000_000 + b"]", coding)
    assert len(bomb) < 2**20
    headers = {**mia.bearer, "Content-Encoding": coding}
    answer = limber.client.post(path, data=bomb, content_type="application/json", headers=headers)
    assert (answer.status_code, "1048576" in answer.json["detail"]) == (413, True)


@pytest.mark.parametrize("coding", ENCODINGS)
def test_a_body_that_is_not_in_its_coding_is_a_bad_request(limber: Any, mia: Phone, coding: str) -> None:
    fine = compress(orjson.dumps({"device": mia.device, "protocol": 1}), coding)
    headers = {**mia.bearer, "Content-Encoding": coding.upper()}
    for body in (b"", b"nonsense", b'{"device":1}', fine[:-6], fine[: len(fine) // 2]):
        answer = limber.client.post(URL, data=body, content_type="application/json", headers=headers)
        assert (answer.status_code, list(answer.json["errors"])) == (400, ["body"]), body
    assert (
        limber.client.post(URL, data=fine, content_type="application/json", headers=headers).status_code
        == 200
    )


@pytest.mark.parametrize("coding", ["deflate", "gzip, gzip", "zstd, br", "compress", "x"])
def test_another_coding_is_refused_with_those_that_there_are(limber: Any, mia: Phone, coding: str) -> None:
    headers = {**mia.bearer, "Content-Encoding": coding}
    answer = limber.client.post(URL, data=b"{}", content_type="application/json", headers=headers)
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "zstd, br, gzip, identity")


def test_what_is_not_json_comes_as_it_is(limber: Any) -> None:
    headers = {**limber.token("ml_engineer"), "Content-Encoding": "gzip"}
    name = f"{'0' * 64}.onnx"
    answer = limber.client.put(f"/v1/models/files/{name}", data=gzip.compress(b"x"), headers=headers)
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")


def test_a_body_above_the_limit_is_refused(limber: Any, mia: Phone) -> None:
    answer = mia.post(patches=["x" * 1_048_576])
    assert answer.status_code == 413


# The catalogue


def an_exercise(limber: Any) -> str:
    found: dict[str, Any] = limber.client.get("/v1/catalog/snapshot").json
    return next(str(change["id"]) for change in found["changes"] if change["collection"] == "exercise")


def test_the_catalogue_comes_as_from_its_own_address(limber: Any, mia: Phone) -> None:
    url, cursor = "/v1/catalog/changes", None
    seen = []
    for _ in range(50):
        query = {"limit": 100, **({"since": cursor} if cursor else {})}
        part = mia.post(cursors={"catalog": cursor}, limit=100).json
        assert part["catalog"] == limber.client.get(url, query_string=query).json
        cursor = part["catalog"]["cursor"]
        seen += part["catalog"]["changes"]
        assert (part["next_sync_after_s"] == 0) is part["catalog"]["more"]
        if not part["catalog"]["more"]:
            break
    assert len(seen) == part["catalog"]["release"]["manifest"]["documents"]
    # Once it is there, it is not sent again.
    assert mia.post(cursors={"catalog": cursor}).json["catalog"] == {
        "changes": [],
        "cursor": cursor,
        "more": False,
    }
    limber.edit("exercise", an_exercise(limber), {"difficulty": 3})
    news = mia.post(cursors={"catalog": cursor}).json["catalog"]
    assert (len(news["changes"]), news["release"]["manifest"]["release"]) == (1, 2)


def test_who_has_loaded_the_snapshot_is_told_the_manifest_that_proves_it(limber: Any, mia: Phone) -> None:
    hint = mia.post(cursors={"catalog": None}).json["catalog"]["snapshot"]
    then = mia.post(cursors={"catalog": hint["cursor"]}).json["catalog"]
    assert (then["changes"], then["more"], then["release"]["manifest"]["release"]) == ([], False, 1)
    assert "release" not in mia.post(cursors={"catalog": then["cursor"]}).json["catalog"]


def test_a_catalogue_that_was_never_published_is_left_out(empty: Any) -> None:
    mia = phone(empty, new_account(empty))
    answer = mia.post(cursors={"account": None, "catalog": None})
    assert answer.status_code == 200
    assert "catalog" not in answer.json


def test_a_cursor_of_the_catalogue_that_leads_nowhere_is_answered_with_a_resync(
    limber: Any, mia: Phone
) -> None:
    answer = mia.post(cursors={"catalog": encode(Cursor("catalog", "long-ago", 5))}).json["catalog"]
    assert (answer["resync"], answer["more"]) == ("epoch", True)


def test_a_server_whose_memory_is_older_than_the_cursor_asks_the_database(serve: Callable[..., Any]) -> None:
    limber = serve(release_seconds=3600.0)
    mia = phone(limber, new_account(limber))
    start = limber.client.get("/v1/catalog/snapshot").json["cursor"]
    assert mia.post(cursors={"catalog": start}).json["catalog"]["changes"] == []
    limber.edit("exercise", an_exercise(limber), {"difficulty": 3})
    ahead = limber.client.get("/v1/catalog/changes", query_string={"since": start}).json
    assert mia.post(cursors={"catalog": ahead["cursor"]}).json["catalog"].get("resync") is None


def test_an_idle_sync_asks_the_database_for_one_thing(serve: Callable[..., Any]) -> None:
    limber = serve(release_seconds=3600.0)
    release = limber.publish_model()
    mia = phone(limber, new_account(limber))
    mia.sync(mia.patch("profile", "me", {"conditions": ["asthma"]}))
    mia.cursors["catalog"] = limber.client.get("/v1/catalog/snapshot").json["cursor"]
    ask = {"model": {"installed": release.object_sha256, "contract": 1, "runtime": {"opset": 21}}}
    mia.post(**ask)
    taken = []
    pool = limber.app.extensions["limber"].engine.pool
    event.listen(pool, "checkout", lambda *_: taken.append(1))
    answer = mia.post(**ask)
    assert len(taken) == 1
    assert answer.json["account"]["changes"] == answer.json["catalog"]["changes"] == []
    assert "model" not in answer.json
    assert len(answer.data) < 500


# The model


def test_the_model_comes_when_it_is_another_than_the_installed(limber: Any, mia: Phone) -> None:
    assert "model" not in mia.post(model={"installed": None}).json
    one = limber.publish_model(b"one")
    answer = mia.post(model={"installed": None}).json["model"]
    assert answer == limber.client.get("/v1/models/current").json
    assert "model" not in mia.post(model={"installed": one.object_sha256}).json
    two = limber.publish_model(b"two")
    assert mia.post(model={"installed": one.object_sha256}).json["model"]["manifest"] == two.manifest
    assert "model" not in mia.post().json


def test_every_device_is_offered_what_its_own_question_would_bring(limber: Any) -> None:
    for number, wish in enumerate(
        [
            {}, {"share": 3000}, {"opset": 21}, {"min_app": (2, 0, 0)}, {"channel": "canary"}, {"contract": 2},
            {"share": 5000, "opset": 18}, {"share": 1},
        ]
    ):  # fmt: skip
        limber.publish_model(b"model %d" % number, **wish)
    with limber.engine.connect() as conn:
        conn.execute(text("UPDATE model_rollout SET halted_at = now() WHERE number = 4"))
        conn.commit()
        known = releases(conn)

        @given(
            st.sampled_from(["stable", "canary"]), st.sampled_from([None, 1, 2, 3]),
            st.sampled_from([None, 16, 17, 18, 21]), st.sampled_from([(0, 0, 0), (1, 9, 9), (2, 0, 0)]),
            st.none() | st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}"),
        )  # fmt: skip
        @settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def agree(channel: str, contract: Any, opset: Any, app: Any, device: Any) -> None:
            ask = Ask(channel, contract, opset, app, device)
            asked = newest_model(conn, ask)
            found = model_part(known, ask, None, "")
            assert (orjson.loads(found)["manifest"] if found else None) == (asked.manifest if asked else None)

        agree()


# The health report


def report(sha256: str) -> dict[str, Any]:
    counts = dict.fromkeys(("runs", "completed"), 3) | dict.fromkeys(
        ("failures", "rejections", "skipped", "swapped", "pain"), 0
    )
    entry = {"sha256": sha256, "channel": "stable", **counts, "latency": [3] + [0] * (BUCKETS - 1)}
    return {"id": str(uuid.uuid4()), "models": [entry]}


def test_a_health_report_that_comes_twice_counts_once(limber: Any, mia: Phone) -> None:
    release = limber.publish_model()
    said = report(release.object_sha256)
    assert mia.post(health=said).json["health"] == {"counted": 1}
    assert mia.post(health=said).json["health"] == {"counted": 0}
    assert limber.client.post("/v1/models/health", json=said).json == {"counted": 0}
    assert "health" not in mia.post().json


# Versions of the answer


def test_the_servers_time_and_the_protocol_are_told(limber: Any, mia: Phone) -> None:
    answer = mia.post().json
    assert answer["protocol"] == 1
    assert abs(answer["server_time"] - datetime.now(UTC).timestamp() * 1000) < 60_000
    assert answer["server_time"] > NOW_MS - 1000
    assert 720 <= answer["next_sync_after_s"] <= 1080
    assert "live" not in answer


def test_a_live_address_is_told_where_there_is_one(serve: Callable[..., Any]) -> None:
    limber = serve(live_url="https://live.example")
    answer = phone(limber, new_account(limber)).post().json
    assert answer["live"] == "https://live.example/v1/sync/events"
