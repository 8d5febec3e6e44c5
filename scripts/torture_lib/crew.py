"""The parent's side of the devices: start, command, kill -9, listen. A process for each, forked from a clean one."""

import contextlib
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import orjson

from torture_lib import TortureError, actor
from torture_lib.actor import Spec

TOKEN_EVERY_S = 1500.0
SETTLE_S = 180.0
MOST_ROUNDS = 12


@dataclass
class Member:
    """One device: how it would be started, and its process while it runs."""

    spec: Spec
    process: ForkServerProcess | None = None
    pipe: Connection | None = None
    counts: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)  # of earlier lives
    away_until: float = 0.0
    answer: dict[str, Any] | None = None


class Crew:
    """All devices. Used from the main thread only."""

    def __init__(self, specs: list[Spec], token: Callable[[str], str]) -> None:
        self.members = [Member(spec) for spec in specs]
        self.crashes: list[str] = []
        self._token = token
        self._token_at = time.monotonic()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["torture_lib.actor"])

    def start(self) -> None:
        """Start every device that does not run."""
        for member in self.members:
            if member.process is None:
                self._start(member)

    def _start(self, member: Member) -> None:
        ours, theirs = self._context.Pipe()
        member.process = self._context.Process(target=actor.live, args=(member.spec, theirs), daemon=True)
        member.process.start()
        theirs.close()
        member.pipe = ours

    def kill(self, index: int) -> None:
        """-9, and the same folder opened again by another process."""
        member = self.members[index]
        self._bury(member)
        member.before.update(member.counts)
        member.counts = Counter()
        member.spec = replace(member.spec, life=member.spec.life + 1, token=self._token(member.spec.account))
        self._start(member)
        if (left := member.away_until - time.monotonic()) > 0:
            self._command(member, {"offline_s": left})

    def clock(self, index: int, seconds: float) -> None:
        """Set a device's clock wrong by so much."""
        member = self.members[index]
        member.spec = replace(member.spec, clock_s=seconds)
        self._command(member, {"clock_s": seconds})

    def away(self, index: int, seconds: float) -> None:
        """The device has no network for so long."""
        self.members[index].away_until = time.monotonic() + seconds
        self._command(self.members[index], {"offline_s": seconds})

    def listen(self, seconds: float) -> None:
        """Take reports for at most so long, sooner when one came; and hand out fresh tokens when it is time."""
        if time.monotonic() - self._token_at > TOKEN_EVERY_S:
            self._token_at = time.monotonic()
            for member in self.members:
                member.spec = replace(member.spec, token=self._token(member.spec.account))
                self._command(member, {"token": member.spec.token})
        by_pipe = {member.pipe: member for member in self.members if member.pipe is not None}
        for pipe in wait(list(by_pipe), seconds):
            member = by_pipe[pipe]  # type: ignore[index]
            try:
                said = orjson.loads(member.pipe.recv_bytes())  # type: ignore[union-attr]
            except (EOFError, OSError):
                self._lost(member)
                continue
            if "crash" in said:
                self.crashes.append(f"device {member.spec.index}:\n{said['crash']}")
            if "counts" in said:
                member.counts = Counter(said["counts"])
            if "settled" in said or "dumped" in said:
                member.answer = said

    def settle(self) -> tuple[int, list[str]]:
        """Let all sync until nobody has anything to send or to fetch: the rounds, and who came not to rest and why."""
        for turn in range(1, MOST_ROUNDS + 1):
            settled = [answer["settled"] for answer in self._ask({"settle": True})]
            if restless := [f"came not to rest: {each}" for each in settled if isinstance(each, str)]:
                return turn, restless
            if all(settled):
                return turn, []
        return MOST_ROUNDS, [f"the devices came not to rest in {MOST_ROUNDS} rounds of syncs"]

    def go_on(self) -> None:
        """After a settling: act again, each with the clock that it had."""
        for member in self.members:
            self._command(member, {"go on": member.spec.clock_s})

    def dump(self, folder: Path) -> list[dict[str, Any]]:
        """What each device holds, as it says itself."""
        found = []
        for member in self.members:
            path = folder / f"device-{member.spec.index}.json"
            member.answer = None
            self._command(member, {"dump": str(path)})
            self._await([member])
            found.append(orjson.loads(path.read_bytes()))
        return found

    def counted(self) -> Counter[str]:
        """What all devices did, all lives together."""
        total: Counter[str] = Counter()
        for member in self.members:
            total.update(member.before)
            total.update(member.counts)
        return total

    def stop(self) -> None:
        """End all of them."""
        for member in self.members:
            self._bury(member)

    # --- one device --------------------------------------------------------------------------------------

    def _command(self, member: Member, what: dict[str, Any]) -> None:
        if member.pipe is not None:
            with contextlib.suppress(OSError):
                member.pipe.send_bytes(orjson.dumps(what))

    def _ask(self, what: dict[str, Any]) -> list[dict[str, Any]]:
        for member in self.members:
            member.answer = None
            self._command(member, what)
        return self._await(self.members)

    def _await(self, members: list[Member]) -> list[dict[str, Any]]:
        deadline = time.monotonic() + SETTLE_S
        while True:
            answers = [member.answer for member in members if member.answer is not None]
            if len(answers) == len(members):
                return answers
            if self.crashes:
                raise TortureError(f"a device broke down\n{self.crashes[0]}")
            if time.monotonic() > deadline:
                silent = [member.spec.index for member in members if member.answer is None]
                raise TortureError(f"no answer from device {silent} within {SETTLE_S:.0f} s")
            self.listen(0.5)

    def _lost(self, member: Member) -> None:
        """The pipe broke although nobody killed the device."""
        code = member.process.exitcode if member.process is not None else None
        if not self.crashes:
            self.crashes.append(f"device {member.spec.index} ended by itself (exit code {code})")
        self._bury(member)

    def _bury(self, member: Member) -> None:
        if member.process is not None:
            member.process.kill()
            member.process.join(10)
            member.process.close()
        if member.pipe is not None:
            member.pipe.close()
        member.process = member.pipe = None
