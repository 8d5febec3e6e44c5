"""Sending a file: refused before a byte is sent where it can be, gone on with later, and nobody else's business."""

import os
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from server.jobs import enqueue, run_pending
from server.media import uploads
from sync.objects_parts import open_parts
from sync.objects_s3 import S3Store
from tests.media import files
from tests.media.conftest import Sender

PART = uploads.PART


def state_of(sender: Sender, upload: str) -> tuple[str, str | None]:
    with sender.limber.engine.connect() as conn:
        found = conn.exec_driver_sql("SELECT state, problem FROM media_upload WHERE id = %s", (upload,)).one()
        return found.state, found.problem


def long_picture() -> bytes:
    """A good picture of two parts and a bit."""
    body = files.picture("PNG", (600, 400))
    pad = files.chunk(b"prVt", os.urandom(2 * uploads.PART))  # a chunk that readers pass over
    return body[:33] + pad + body[33:]


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (2 << 30, "The file has 2,048 MB; at most 200 MB are taken."),
        (200 * 2**20 + 1, "at most 200 MB"),
        (0, "The file is empty."),
    ],
)
def test_a_file_of_a_wrong_size_is_refused_before_anything_is_sent(
    sender: Sender, size: int, said: str
) -> None:
    answer = sender.begin("film.mp4", size)
    assert answer.status_code == 422
    assert said in answer.json["detail"]
    with sender.limber.engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM media_upload").scalar_one() == 0


@pytest.mark.parametrize("size", ["", "-1", "many", "1e3", "99999999999999999999"])
def test_a_size_that_is_no_number_is_refused(sender: Sender, size: Any) -> None:
    answer = sender.begin("film.mp4", size)
    assert answer.status_code == 400
    assert "size" in answer.json["detail"]


def test_a_file_goes_on_after_a_reload_with_only_what_is_missing(each_sender: Sender) -> None:
    body = long_picture()
    begun = each_sender.begin("long.png", len(body)).json
    each_sender.send_parts(begun, body, [1, 3])
    early = each_sender.finish(begun["id"])
    assert (early.status_code, early.json["missing"]) == (409, [2])

    again = each_sender.editor.client.get(f"/desk/media/uploads/{begun['id']}.json").json
    assert sorted(again["parts"]) == ["1", "3"]
    assert again["state"] == "receiving"
    each_sender.send_parts(begun, body, [2])
    assert each_sender.finish(begun["id"]).status_code == 200
    assert each_sender.finish(begun["id"]).status_code == 200, "a lost answer may be asked for again"
    assert len(each_sender.work()) == 1
    assert state_of(each_sender, begun["id"]) == ("ready", None)


def test_a_part_that_was_announced_as_another_is_noticed(each_sender: Sender) -> None:
    body = files.picture()
    begun = each_sender.begin("cat.png", len(body)).json
    (address,) = each_sender.addresses(begun["id"], {1: body[:-1] + b"x"}).values()
    each_sender.put(address, body)
    each_sender.finish(begun["id"])
    each_sender.work()
    state, problem = state_of(each_sender, begun["id"])
    assert state == "refused"
    assert problem is not None
    assert "part 1 differs" in problem


def test_more_than_was_declared_is_not_taken(each_sender: Sender) -> None:
    body = files.picture()
    begun = each_sender.begin("cat.png", len(body) - 10).json
    (address,) = each_sender.addresses(begun["id"], {1: body}).values()
    sent = each_sender.put(address, body)
    if isinstance(each_sender.limber.store, S3Store) and sent == 200:
        # A store that does not hold the sender to the signed size: the size of the part tells at the end.
        assert each_sender.finish(begun["id"]).json["missing"] == [1]
    else:
        assert sent == 400
        assert each_sender.finish(begun["id"]).status_code == 409


def test_a_file_that_is_longer_in_the_store_than_declared_is_refused(sender: Sender) -> None:
    body = files.picture()
    begun = sender.begin("cat.png", len(body)).json
    sender.send_parts(begun, body)
    sender.finish(begun["id"])
    part = Path(sender.limber.settings.objects) / "uploads" / begun["id"] / "1"
    part.write_bytes(body + files.zip_of())
    sender.work()
    state, problem = state_of(sender, begun["id"])
    assert (state, "not that many came" in str(problem)) == ("refused", True)


def test_a_file_that_was_cut_off_before_it_was_sent_is_refused(each_sender: Sender) -> None:
    page = each_sender.send(files.picture("JPEG", (500, 500))[:-300], "cut.jpg")
    assert "cut off" in page.words


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (files.zip_of("bomb.txt", bytes(50 << 20)), "a ZIP archive"),
        (files.picture("PNG") + files.zip_of(), "something else"),
        (files.SVG, "an SVG drawing"),
        (files.png(60_000, 60_000, b""), "60,000 by 60,000"),
    ],
    ids=["zip bomb", "polyglot", "SVG with a script", "pixel bomb"],
)
def test_a_good_name_helps_no_bad_file(sender: Sender, body: bytes, said: str) -> None:
    page = sender.send(body, "holiday.jpg")
    assert said in page.words


def test_a_cut_part_is_not_kept(sender: Sender) -> None:
    begun = sender.begin("cat.png", 1000).json
    (address,) = sender.addresses(begun["id"], {1: bytes(1000)}).values()
    assert sender.put(address, bytes(999)) == 400
    assert sender.editor.client.get(f"/desk/media/uploads/{begun['id']}.json").json["parts"] == {}


def test_a_part_is_taken_only_at_the_address_that_was_signed_for_it(sender: Sender) -> None:
    begun = sender.begin("cat.png", PART + 5).json
    (address,) = sender.addresses(begun["id"], {1: bytes(PART)}).values()
    parts = urlsplit(address)
    query = {name: value[0] for name, value in parse_qs(parts.query).items()}
    stranger = sender.limber.app.test_client()

    def put(path: str = parts.path, size: int = PART, **changed: str) -> int:
        return stranger.put(f"{path}?{urlencode(query | changed)}", data=bytes(size)).status_code

    assert put(signature="0" * 64) == 403
    assert put(signature="é") == 403
    assert put(until=str(int(query["until"]) + 1)) == 403
    assert put(until="1") == 403
    assert put(parts.path[:-1] + "2", 5) == 403
    assert put(parts.path.replace(begun["id"], "00000000-0000-0000-0000-000000000000")) == 404
    assert put(size=PART + 1) == 413
    assert put() == 204


def test_an_address_ends(sender: Sender) -> None:
    begun = sender.begin("cat.png", 10).json
    with sender.limber.engine.connect() as conn:
        found = uploads.find(conn, uuid.UUID(begun["id"]))
        at = datetime(2026, 1, 1, tzinfo=UTC)
        (address,) = uploads.addresses(conn, sender.limber.store, found, {1: "0" * 64}, at, "/x").values()
    query = parse_qs(urlsplit(address).query)
    until, signature = query["until"][0], query["signature"][0]
    assert uploads.may_send(found, 1, until, signature, at + timedelta(minutes=59))
    assert not uploads.may_send(found, 1, until, signature, at + timedelta(minutes=61))
    assert not uploads.may_send(found, 2, until, signature, at)


@pytest.mark.parametrize(
    "parts",
    [
        "",
        "[]",
        "{}",
        "5",
        '{"1": "no hash"}',
        '{"0": "a"}',
        '{"2": "' + "0" * 64 + '"}',
        '{"x": "a"}',
        "\x00",
    ],
)
def test_hashes_that_cannot_be_are_refused(sender: Sender, parts: str) -> None:
    begun = sender.begin("cat.png", 10).json
    answer = sender.post(f"/desk/media/uploads/{begun['id']}/addresses", parts=parts)
    assert answer.status_code in (400, 422)
    assert answer.json["detail"]


def test_an_upload_that_is_over_takes_nothing_more(sender: Sender) -> None:
    body = files.picture()
    begun = sender.begin("cat.png", len(body)).json
    (address,) = sender.addresses(begun["id"], {1: body}).values()
    sender.put(address, body)
    sender.finish(begun["id"])
    assert sender.put(address, body) == 409
    answer = sender.post(f"/desk/media/uploads/{begun['id']}/addresses", parts='{"1": "' + "0" * 64 + '"}')
    assert answer.status_code == 409
    assert "here already" in answer.json["detail"]


def test_dropping_an_upload_frees_its_place(each_sender: Sender) -> None:
    begun = each_sender.begin("cat.png", 500).json
    each_sender.send_parts(begun, bytes(500))
    each_sender.post(f"/desk/media/uploads/{begun['id']}/drop")
    with each_sender.limber.engine.connect() as conn:
        found = uploads.find(conn, uuid.UUID(begun["id"]))
    assert found.state == "abandoned"
    assert open_parts(each_sender.limber.store).sizes(found.key, found.handle) == {}
    assert each_sender.finish(begun["id"]).status_code == 409


def test_nobody_fills_the_store_with_uploads_that_are_never_finished(sender: Sender) -> None:
    for _ in range(uploads.MOST_OPEN):
        assert sender.begin("cat.png", 10).status_code == 201
    assert "unfinished uploads" in sender.begin("cat.png", 10).json["detail"]


def test_what_nobody_finishes_is_dropped_after_two_days(each_sender: Sender) -> None:
    begun = each_sender.begin("cat.png", 500).json
    each_sender.send_parts(begun, bytes(500))
    fresh = each_sender.begin("dog.png", 500).json
    with each_sender.limber.engine.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE media_upload SET updated_at = now() - interval '49 hours' WHERE id = %s", (begun["id"],)
        )
        enqueue(conn, "media.abandon")
    ((_, ended),) = run_pending(each_sender.limber.engine, each_sender.limber.settings)
    assert ended.said == "1 dropped."
    assert state_of(each_sender, begun["id"])[0] == "abandoned"
    assert state_of(each_sender, fresh["id"])[0] == "receiving"


def test_a_job_that_runs_twice_finds_its_work_done(sender: Sender) -> None:
    sender.send(files.picture())
    with sender.limber.engine.begin() as conn:
        upload = conn.exec_driver_sql("SELECT id::text FROM media_upload").scalar_one()
        enqueue(conn, "media.inspect", upload=upload)
    ((_, ended),) = sender.work()
    assert ended.outcome == "done"
    assert "nothing to do" in str(ended.said)


def test_a_store_that_is_away_is_tried_again_and_the_upload_waits(sender: Sender) -> None:
    body = files.picture()
    begun = sender.begin("cat.png", len(body)).json
    sender.send_parts(begun, body)
    sender.finish(begun["id"])
    away = replace(sender.limber.settings, objects="s3://none?endpoint=http://127.0.0.1:9&path_style=1")
    ((_, ended), *_) = run_pending(sender.limber.engine, away, most=1)
    assert ended.again is not None
    assert state_of(sender, begun["id"])[0] == "inspecting"


@pytest.mark.parametrize("role", ["member", "ml_engineer", "support"])
def test_who_is_no_editor_sends_nothing(sender: Sender, at_desk: Any, role: str) -> None:
    other = at_desk(role, name="Ben")
    assert other.client.get("/desk/media").status_code == 403
    assert other.client.post("/desk/media/uploads", data={"name": "a", "size": "5"}).status_code == 403


def test_a_form_of_another_site_begins_nothing(sender: Sender) -> None:
    answer = sender.editor.client.post("/desk/media/uploads", data={"name": "a", "size": "5", "csrf": "x"})
    assert answer.status_code == 400
