"""Many devices at one account, at once: nobody's write is lost, and no reader misses one."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from sync import clock, store
from sync.merge import DELETED
from sync.push import push
from sync.records import RULES

ACCOUNT = "account:0195f3a0-0000-7000-8000-000000000001"
NOW = 1_795_000_000_000
SLUGS = [f"exercise-{n}" for n in range(12)]


def stories(devices: int, pushes: int) -> list[list[list[dict[str, Any]]]]:
    """What each device pushes: patches with clocks of its own that now and then go back a day."""
    told = []
    for number in range(devices):
        dice, device, last = random.Random(number), f"{number + 1:016x}", None
        story = []
        for _ in range(pushes):
            patches: list[dict[str, Any]] = []
            for _ in range(dice.randint(1, 4)):
                last = clock.tick(last, NOW - dice.choice((0, 5, 86_400_000)), device)
                patch = {"collection": "exercise_pref", "id": dice.choice(SLUGS), "hlc": last}
                fields = {dice.choice(("favourite", "excluded")): dice.random() < 0.5}
                patches.append(patch | ({"delete": True} if dice.random() < 0.2 else {"set": fields}))
            story.append(patches)
        told.append(story)
    return told


def expected(told: list[list[list[dict[str, Any]]]]) -> dict[str, dict[str, Any]]:
    """What must come of it, by the rule in its simplest words: the newest of each field."""
    patches = sorted((p for story in told for push_ in story for p in push_), key=lambda p: p["hlc"])
    values: dict[str, dict[str, Any]] = {}
    clocks: dict[str, dict[str, str]] = {}
    for patch in patches:
        fields = {DELETED: None} if "delete" in patch else patch["set"]
        values.setdefault(patch["id"], {}).update(fields)
        clocks.setdefault(patch["id"], {}).update(dict.fromkeys(fields, patch["hlc"]))
    return {
        name: {field: value for field, value in values[name].items() if field != DELETED}
        for name, held in clocks.items()
        if max(held.values()) != held.get(DELETED)
    }


@pytest.mark.parametrize("limit", [3, 100])
def test_devices_that_push_at_once_lose_nothing_and_readers_see_all(
    engine: Engine, limit: int, new_reader: Any
) -> None:
    told, finished = stories(8, 25), Event()
    with engine.begin() as conn:
        store.lock_head(conn, ACCOUNT)

    def write(story: list[list[dict[str, Any]]]) -> None:
        for patches in story:
            with engine.begin() as conn:
                pushed = push(conn, ACCOUNT, patches, now_ms=NOW, rules=RULES)
            assert {result.status for result in pushed.results} <= {"applied", "merged", "stale"}

    def read() -> Any:
        reader = new_reader(ACCOUNT, limit)
        while not finished.is_set():
            with engine.connect() as conn:
                reader.page(conn)
        with engine.connect() as conn:
            return reader.catch_up(conn)

    with ThreadPoolExecutor(11) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        writers = [pool.submit(write, story) for story in told]
        try:
            for writer in writers:
                writer.result()
        finally:
            finished.set()
        documents = {("exercise_pref", name): data for name, data in expected(told).items()}
        for reader in readers:
            assert reader.result().documents == documents
            assert reader.result().resyncs == []
    with engine.connect() as conn:
        assert store.state(conn, ACCOUNT) == documents
        rows = conn.exec_driver_sql(
            "SELECT count(*), count(DISTINCT seq), max(seq), max(head), max(records), max(bytes)"
            " FROM record JOIN stream USING (stream) WHERE stream = %(s)s", {"s": ACCOUNT},
        ).one()  # fmt: skip
        assert rows[0] == rows[1] == rows[4] == len(SLUGS)
        assert rows[2] == rows[3]
        assert rows[5] == sum(len(json.dumps(data, separators=(",", ":"))) for data in documents.values())


@pytest.mark.slow
def test_five_hundred_devices_at_one_account_all_get_through(database_url: str) -> None:
    told = stories(500, 2)
    engine = create_engine(database_url, pool_size=40, max_overflow=0, pool_timeout=60)

    def write(story: list[list[dict[str, Any]]]) -> None:
        for patches in story:
            with engine.begin() as conn:
                push(conn, ACCOUNT, patches, now_ms=NOW, rules=RULES)

    try:
        with ThreadPoolExecutor(120) as pool:
            list(pool.map(write, told))
        with engine.connect() as conn:
            found = store.state(conn, ACCOUNT)
        assert found == {("exercise_pref", name): data for name, data in expected(told).items()}
    finally:
        engine.dispose()
