"""Any story of several devices ends well: all converge on what the newest clocks say; nothing acknowledged is lost.

LIMBER_TEST_REPLICATION_STEPS: how long (4000; 10000 with TEST_THOROUGH=1).
LIMBER_TEST_REPLICATION_SEED: which stories (1).
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import Engine

from sync import store
from tests.sync.world import DEVICES, Key, World
from tests.thorough import often

STEPS = int(os.environ.get("LIMBER_TEST_REPLICATION_STEPS") or often(4000, 10_000))
SEED = int(os.environ.get("LIMBER_TEST_REPLICATION_SEED", "1"))
HOUR = 3600
DAY = 24 * HOUR

device, other = st.integers(0, DEVICES - 1), st.integers(0, DEVICES - 1)
key: st.SearchStrategy[Key] = st.sampled_from([("note", "p"), ("note", "q")])
name, at = st.sampled_from("xy"), st.sampled_from([0, 1, 0, 2])  # most syncs are one request
FAULTS = [
    "request lost",
    "answer lost",
    "answer cut",
    "earlier answer",
    "answered from a cache",
    "request doubled",
    "late request",
    "busy",
    "killed before",
    "killed after",
]
fault = st.sampled_from(FAULTS)
jump = st.sampled_from([0, 0.001, -30, 200, -600, 600, -2 * DAY, DAY, 400 * DAY])

# What can happen, and how often; `World` says what it is.
HAPPENINGS: list[tuple[int, str, tuple[st.SearchStrategy[Any], ...]]] = [
    (4, "write", (device, key, name)),
    (6, "write_and_sync", (device, key, name)),
    (7, "write_and_sync", (device, key, name, at, fault)),
    (3, "delete", (device, key)),
    (2, "append", (device,)),
    (1, "write_what_is_refused", (device,)),
    (1, "try_again", (device,)),
    (4, "sync_well", (device,)),
    (3, "sync_badly", (device, at, fault)),
    (3, "write_during_a_sync", (device, at, other, key, name)),
    (2, "sync_during_a_sync", (device, at, other)),
    (2, "set_a_clock", (device, jump)),
    (2, "pass_time", (st.sampled_from([1, 60, HOUR, 6 * HOUR]),)),
    (2, "back_up", ()),
    (3, "restore", ()),
    (1, "half_a_year_later", ()),
    (1, "meet", ()),
]
happening = st.sampled_from(
    [(what, given) for times, what, given in HAPPENINGS for _ in range(times)]
).flatmap(lambda chosen: st.tuples(st.just(chosen[0]), *chosen[1]))
steps: Counter[str] = Counter()
stage: dict[str, Any] = {}


class Story(RuleBasedStateMachine):
    """`stage` holds the database that all stories share, each with an account of its own."""

    @initialize(page=st.integers(1, 4), signed_in=st.integers(0, DEVICES))
    def begin(self, page: int, signed_in: int) -> None:
        stage["stories"] = stage.get("stories", 0) + 1
        self.folder = tempfile.TemporaryDirectory(dir=stage["folder"])
        account = f"00000000-0000-7000-8000-{stage['stories']:012x}"
        self.world = World(stage["conn"], account, page, Path(self.folder.name))
        for each in self.world.devices[:signed_in]:
            each.attach(account)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.world.meet()
            finally:
                self.folder.cleanup()
                stage.setdefault("traces", []).append(self.world.trace)

    @rule(step=happening)
    def then(self, step: tuple[Any, ...]) -> None:
        what, *given = step
        steps[given[-1] if what.startswith(("write_and", "sync_badly")) and len(given) > 3 else what] += 1
        getattr(self.world, what)(*given)


def tell(number: int, stories: int) -> None:
    """Stories of one seed; one that fails is told again as short as it can be."""
    run_state_machine_as_test(
        seed(number)(type("Story", (Story,), {})),
        settings=settings(
            max_examples=stories,
            stateful_step_count=50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        ),
    )


@pytest.fixture
def on_stage(engine: Engine, tmp_path: Path) -> Iterator[None]:
    """A database and a folder for stories. No story needs the disk: a killed device is one that goes no further."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(dir=place) as folder, engine.connect() as conn:
        stage.update(conn=conn, folder=folder)
        steps.clear()
        yield
        stage.clear()


@pytest.mark.usefixtures("on_stage")
def test_a_few_stories_end_well() -> None:
    tell(SEED, 6)


@pytest.mark.usefixtures("on_stage")
def test_the_same_seed_tells_the_same_story_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for _ in range(2):
        # Everything random is handed in but the server's epochs.
        epochs = (f"epoch-{number}" for number in count())
        monkeypatch.setattr(store.secrets, "token_hex", lambda size, epochs=epochs: next(epochs))
        stage["conn"].exec_driver_sql("TRUNCATE stream, record")
        stage["conn"].commit()
        stage.update(stories=0, traces=[])
        tell(SEED, 2)
        told.append(stage["traces"])
    assert told[0] == told[1]
    assert sum(map(len, told[0])) > 20


@pytest.mark.slow
@pytest.mark.usefixtures("on_stage")
def test_any_story_ends_well() -> None:
    number = SEED
    while steps.total() < STEPS:
        number += 1
        tell(number, min(100, 1 + (STEPS - steps.total()) // 40))
