"""One device in a process of its own: acts, syncs, is killed, comes back. The parent decides; this side only obeys.

Commands come as JSON over a pipe, reports go back. When the parent is gone, so is this process.
"""

import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson

from torture_lib.doubles import take_out_of_device
from torture_lib.person import act
from torture_lib.phone import Phone, Went

BETWEEN_S = 0.5
REPORT_S = 1.0
SETTLE_S = 150.0


@dataclass(frozen=True, slots=True)
class Spec:
    """Who this is. `life`: how often it was started before; `clock_s`: how far its clock is off.

    `without`: protections that are taken out.
    """

    index: int
    life: int
    seed: int
    folder: str
    server: str
    account: str
    token: str
    trust: str
    clock_s: float
    pace: float
    without: tuple[str, ...] = ()


def live(spec: Spec, pipe: Connection) -> None:
    """Run until told to stop. Anything unforeseen goes to the parent, which takes it for a finding."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"  # no proxy but ours
    take_out_of_device(frozenset(spec.without))
    try:
        _Actor(spec, pipe).run()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)
    except BaseException:
        pipe.send_bytes(orjson.dumps({"crash": traceback.format_exc(limit=12)}))
        sys.exit(1)


class _Actor:
    def __init__(self, spec: Spec, pipe: Connection) -> None:
        self.spec, self.pipe = spec, pipe
        self.drawn = random.Random(f"{spec.seed}/device/{spec.index}/{spec.life}")  # noqa: S311
        self.clock_s = spec.clock_s
        self.phone = Phone(
            Path(spec.folder), spec.server, spec.account, spec.token, Path(spec.trust), self.now
        )
        self.journal = (Path(spec.folder) / "journal.jsonl").open("ab")
        self.counts: Counter[str] = Counter()
        self.written = 0
        self.offline_until = self.reported = 0.0
        self.resting = False

    def now(self) -> float:
        """What this device takes for the time, seconds since 1970."""
        return time.time() + self.clock_s

    def run(self) -> None:
        """Act and obey."""
        while True:
            wait = 5.0 if self.resting else self.drawn.expovariate(1 / (BETWEEN_S * self.spec.pace))
            while self.pipe.poll(min(wait, 5.0)):
                wait = 0.0
                if not self._obey(orjson.loads(self.pipe.recv_bytes())):
                    return
            if not self.resting:
                self._step()
            if time.monotonic() - self.reported > REPORT_S:
                self.reported = time.monotonic()
                self._tell(counts=self.counts)

    def _tell(self, **what: Any) -> None:
        self.pipe.send_bytes(orjson.dumps(what))

    def _obey(self, command: dict[str, Any]) -> bool:
        """Do what the parent says; False to end."""
        if "clock_s" in command:
            self.clock_s = command["clock_s"]
        if "offline_s" in command:
            self.offline_until = time.monotonic() + command["offline_s"]
        if "token" in command:
            self.phone.token = command["token"]
        if "settle" in command:
            self.resting, self.clock_s, self.offline_until = True, 0.0, 0.0
            self.phone.be_patient(True)
            self._tell(settled=self._settle(), counts=self.counts)
        if "go on" in command:
            self.resting, self.clock_s = False, command["go on"]
            self.phone.be_patient(False)
        if "dump" in command:
            Path(command["dump"]).write_bytes(orjson.dumps(self.phone.dump()))
            self._tell(dumped=True)
        return "stop" not in command

    def _step(self) -> None:
        for _ in range(self.drawn.choice([0, 1, 1, 2, 4])):
            self._write()
        if time.monotonic() >= self.offline_until and self.drawn.random() < 0.5:
            self._sync()

    def _write(self) -> None:
        self.written += 1
        mark = f"d{self.spec.index}.{self.spec.life}.{self.written}"
        held = self.phone.held()
        done = act(self.drawn, mark, held)
        if done.set is None and (done.collection, done.id) not in held:
            return  # nobody deletes what they do not see
        # Before and after: whoever is killed between the two may or may not have written.
        self._journal("begun", done.collection, done.id, done.set)
        self.phone.write(done.collection, done.id, done.set)
        self._journal("done", done.collection, done.id, done.set)
        self.counts["deletes" if done.set is None else "edits"] += 1

    def _journal(self, step: str, collection: str, record_id: str, fields: Any) -> None:
        self.journal.write(orjson.dumps([step, collection, record_id, fields]) + b"\n")
        self.journal.flush()

    def _sync(self) -> Went:
        went = self.phone.sync()
        self.counts["syncs"] += 1
        for name in went.happened:
            self.counts[name] += 1
        return went

    def _settle(self) -> bool | str:
        """Sync until a sync moves nothing; True when the first one already moved nothing.

        When it never comes to that: why, in words.
        """
        deadline, tried = time.monotonic() + SETTLE_S, 0
        while not (went := self._sync()).quiet:
            tried += 1
            if time.monotonic() > deadline:
                return f"device {self.spec.index} after {tried} syncs: {went.problem or ', '.join(went.happened)}"
            time.sleep(0.02 if tried < 5 else 0.3)
        return tried == 0
