"""Catalogues for `scripts/bench catalog`: the seed's, grown by copies, with a history of releases behind them."""

import dataclasses
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, create_engine, insert

from bench_lib.sync_stage import House
from server.accounts import people
from server.accounts.tables import token_family
from server.catalog.content import BESIDE, WORK_BOUND_EXCEPTIONS, Documents, read_seed
from server.catalog.publish import load_seed, publish_release
from server.catalog.tables import catalog_publication
from server.desk import session
from sync import store as log
from sync.objects import open_store
from sync.releases import Release, record_release
from sync.signing import SigningKey, create_key, sign

OF_AN_EXERCISE = ("exercise", *BESIDE)
STREAM = "catalog"

# A small change of one exercise, in the editors' table and in the log, as a release of it leaves them.
CHANGE = """
WITH edited AS (
    UPDATE catalog_document SET data = data || jsonb_build_object('name', (data ->> 'name') || ' b'),
           updated_at = %(at)s
     WHERE collection = 'exercise' AND id = %(id)s RETURNING data
), head AS (
    UPDATE stream SET head = head + 1 WHERE stream = 'catalog' RETURNING head
)
UPDATE record SET seq = head.head, data = edited.data FROM edited, head
 WHERE stream = 'catalog' AND collection = 'exercise' AND id = %(id)s RETURNING record.seq
"""


def grown(exercises: int) -> dict[tuple[str, str], dict[str, Any]]:
    """The seed with copies of its exercises, clips and guides, until there are `exercises`; all of it is valid.

    A copy differs in its slug, name and cue, and its guide leads to copies of the same round.
    """
    seed = read_seed()
    made = dict(seed)
    # Not those that may break a bound by their name.
    slugs = [key[1] for key in seed if key[0] == "exercise" and key[1] not in WORK_BOUND_EXCEPTIONS]
    for place in range(exercises - sum(1 for key in seed if key[0] == "exercise")):
        number, slug = 2 + place // len(slugs), slugs[place % len(slugs)]
        copied = _copied(slug, number)
        for collection in OF_AN_EXERCISE:
            data = seed.get((collection, slug))
            if data is not None:
                made[collection, copied] = _copy(collection, data, number, copied)
    # What leads to a copy that was not made (the last round is not whole) leads to the original.
    for (collection, slug), data in made.items():
        if collection == "guide":
            for way in ("easier", "harder"):
                if data[way] and ("exercise", data[way]) not in made:
                    made[collection, slug] = data = {**data, way: re.sub(r"-x\d+$", "", data[way])}
    return made


def _copied(slug: str, number: int) -> str:
    return f"{slug}-x{number}"


def _copy(collection: str, data: dict[str, Any], number: int, slug: str) -> dict[str, Any]:
    copied = {**data, "slug": slug}
    if collection == "exercise":
        copied["name"] = f"{data['name']} {number}"
        # No more words than before: the limit is on words.
        copied["cue"] = f"{data['cue'][:-1]}-{number}."
    elif collection == "guide":
        for way in ("easier", "harder"):
            copied[way] = data[way] and _copied(data[way], number)
    return copied


@dataclasses.dataclass(frozen=True)
class Filled:
    """A database with a catalogue and releases. `cookies`: of an editor and of a physio at the desk."""

    exercises: int
    releases: int
    documents: int
    bytes: int
    cookies: tuple[str, str]
    slugs: list[str]


def fill(house: House, exercises: int, releases: int) -> Filled:
    """Put the catalogue and its releases there, and two people at the desk.

    The releases before the last are rows with a signed manifest and no snapshot: nobody asks for those, and to
    compress hundreds of them takes hours.
    """
    documents = grown(exercises)
    key = create_key(house.settings.signing_key)
    slugs = [record_id for collection, record_id in documents if collection == "exercise"]
    engine = create_engine(house.url)
    began = datetime.now(UTC) - timedelta(days=releases + 1)
    with engine.begin() as conn:
        load_seed(conn, documents)
    with engine.begin() as conn:
        published = log.publish(conn, STREAM, documents)
        seq = published.seq
        for number in range(1, releases):
            at = began + timedelta(days=number)
            _record(conn, key, number, seq, at, published.epoch, len(documents))
            # Far from the exercises that are measured, which come from the front.
            slug = slugs[-1 - number % (len(slugs) // 2)]
            seq = conn.exec_driver_sql(CHANGE, {"id": slug, "at": at}).scalar_one()
        # The catalogue is checked when the bench publishes as an editor would.
        at = began + timedelta(days=releases)
        publish_release(conn, open_store(house.settings.objects), key, at, _unchecked)
        _notes(conn, releases, began)
    now = datetime.now(UTC)
    with engine.begin() as conn:
        cookies = tuple(_sit_down(conn, role, now) for role in ("editor", "physio"))
    # Now rather than in the middle of a measurement.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")
        conn.exec_driver_sql("CHECKPOINT")
    engine.dispose()
    size = sum(len(orjson.dumps(data)) for data in documents.values())
    return Filled(exercises, releases, len(documents), size, (cookies[0], cookies[1]), slugs)


def _unchecked(_: Documents) -> list[Any]:
    return []


def _record(
    conn: Connection, key: SigningKey, number: int, seq: int, at: datetime, epoch: str, documents: int
) -> None:
    manifest = {
        "kind": STREAM, "release": number, "digest": "0" * 64, "documents": documents, "epoch": epoch, "seq": seq,
        "published_at": at.isoformat(), "snapshot": {"sha256": "0" * 64, "bytes": 1},
    }  # fmt: skip
    record_release(
        conn,
        Release(
            stream=STREAM, number=number, channel="stable", seq=seq, published_at=at, object_bytes=1,
            manifest=sign(manifest, key), object_sha256="0" * 64, object_key="snapshots/none.json",
        ),
    )  # fmt: skip


def _notes(conn: Connection, releases: int, began: datetime) -> None:
    rows = [
        {
            "id": uuid.uuid4(), "state": "published", "notes": f"A small change, number {number}.", "changed": 1,
            "requested_by": str(uuid.UUID(int=0)), "release": number,
            "requested_at": began + timedelta(days=number), "done_at": began + timedelta(days=number),
        }
        for number in range(1, releases + 1)
    ]  # fmt: skip
    conn.execute(insert(catalog_publication), rows)


def _sit_down(conn: Connection, role: str, now: datetime) -> str:
    """Somebody with a role, signed in at the desk; returns the cookie."""
    email = f"{role}@example.org"
    whom = people.create_account(
        conn, email=email, password_hash=None, name=role.capitalize(), verified_at=now, now=now
    )
    people.grant_role(conn, email, role)
    family = uuid.uuid4()
    conn.execute(
        insert(token_family).values(
            id=family, account=whom, client_id="limber-desk", scope="openid catalog", auth_time=now, amr=["pwd"],
            created_at=now, used_at=now, expires_at=now + timedelta(days=1),
        )
    )  # fmt: skip
    return session.begin(conn, whom, family, now)
