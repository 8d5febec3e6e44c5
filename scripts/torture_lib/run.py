"""One run: build, hurt by the plan, let it calm down, reckon, tell."""

import argparse
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from sync.objects import StoreUnavailable
from torture_lib import TortureError, checker, ledger, oracle
from torture_lib.actor import Spec
from torture_lib.checker import Findings
from torture_lib.crew import Crew
from torture_lib.faults import Event, plan
from torture_lib.ledger import Ledger
from torture_lib.proxy import Proxy
from torture_lib.stage import Stage, build

DOWN_S = 0.1
CALM_S = 30.0
STEADY_S = 120.0


@dataclass
class Run:
    """What is under way. `done` counts what was done to the system."""

    stage: Stage
    crew: Crew
    proxy: Proxy
    book: Ledger
    seconds: float
    started: float = field(default_factory=time.monotonic)
    done: Counter[str] = field(default_factory=Counter)
    struck: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    releases_due: int = 0

    @property
    def at(self) -> float:
        """Seconds since it began to hurt."""
        return time.monotonic() - self.started

    def note(self, kind: str, more: str = "") -> None:
        """Count something that was done, and put it into the ledger for the stories."""
        with self.lock:
            self.done[kind] += 1
        self.book.event(f"{kind}{more}")


def torture(arguments: argparse.Namespace, folder: Path, stack: ExitStack) -> bool:
    """Do all of it, telling how it goes; True when something was lost. Raises TortureError."""
    without = frozenset(arguments.without)
    seconds = arguments.minutes * 60
    events = plan(arguments.seed, seconds, arguments.devices)
    say(f"seed {arguments.seed}, {arguments.devices} devices of {arguments.accounts} people, "
        f"{timedelta(seconds=round(seconds))}, {len(events)} events planned, in {folder}")  # fmt: skip
    if without:
        say(f"WITHOUT {', '.join(sorted(without))}: a loss is what should be found")
    stage = build(folder, arguments.accounts, without, stack)
    book = stack.enter_context(Ledger(folder / "ledger.jsonl"))
    proxy = Proxy(stage.settings.port, arguments.seed, book)
    stack.callback(proxy.stop)
    proxy.start()
    crew = Crew(_specs(arguments, folder, stage, proxy.port), stage.token)
    stack.callback(crew.stop)
    crew.start()
    say("PostgreSQL, the server and all devices are up")
    run = Run(stage, crew, proxy, book, seconds)
    findings = _hurt(run, events) or _reckoned(run)
    _tell(run, findings, folder)
    return bool(findings.wrong)


def say(text: str) -> None:
    """One line for whoever watches."""
    print(f"torture: {text}", flush=True)


def _specs(arguments: argparse.Namespace, folder: Path, stage: Stage, port: int) -> list[Spec]:
    specs = []
    for index in range(arguments.devices):
        place = folder / f"device-{index}"
        place.mkdir()
        account = stage.accounts[index % len(stage.accounts)]
        specs.append(
            Spec(
                index=index, life=0, seed=arguments.seed, folder=str(place), server=f"http://127.0.0.1:{port}",
                account=str(account), token=stage.token(account), trust=str(folder / "trust.json"),
                clock_s=0.0, pace=arguments.pace, without=tuple(arguments.without),
            )
        )  # fmt: skip
    return specs


# --- the hurting -----------------------------------------------------------------------------------------


def _hurt(run: Run, events: list[Event]) -> Findings | None:
    """Go through the plan. Whatever a kill took down is started again, after a moment.

    Returns what a comparison on the way found, as soon as one finds something.
    """
    run.proxy.troubled = True
    every = min(max(run.seconds / 60, 2.0), 60.0)
    told = tidied = 0.0
    left = list(reversed(events))
    while run.at < run.seconds:
        while left and left[-1].at_s <= run.at:
            event = left.pop()
            if event.kind != "reckon":
                _strike(run, event)
            elif (findings := _pause(run)).wrong:
                return findings
        _mend(run)
        if run.crew.crashes:
            raise TortureError(f"a device broke down\n{run.crew.crashes[0]}")
        if run.at - told >= every:
            told = run.at
            say(_progress(run))
        if run.at - tidied > 5:
            tidied = run.at
            run.stage.trim_logs()
        until = min(left[-1].at_s if left else run.seconds, run.seconds) - run.at
        run.crew.listen(min(max(until, 0.0), 0.1))
    return None


def _strike(run: Run, event: Event) -> None:
    stage = run.stage
    if event.kind == "kill device":
        run.crew.kill(event.device)
        run.note("kill device", f" {event.device}")
    elif event.kind == "clock":
        run.crew.clock(event.device, event.value)
        run.note("set a clock wrong", f": device {event.device} by {event.value:+.0f} s")
    elif event.kind == "offline":
        run.crew.away(event.device, event.value)
        run.note("take a device off the network", f": {event.device} for {event.value:.0f} s")
    elif event.kind == "release":
        run.releases_due += 1
    elif event.kind == "backup":
        _backup(run)
    elif event.kind == "restore":
        _restore(run)
    else:
        # These wait for the next push and hit while it is being worked on.
        chance = int(event.value * 1e6)
        aims: dict[str, Callable[[], bool]] = {
            "kill worker": lambda: stage.kill_worker(chance),
            "kill server": stage.kill_server,
            "kill postgres": lambda: stage.kill_postgres(whole=chance % 2 == 0),
            "kill backend": stage.kill_backend,
        }
        run.proxy.arm(event.value, lambda: _hit(run, event.kind, aims[event.kind]))


def _hit(run: Run, kind: str, aim: Callable[[], bool]) -> None:
    """Runs in the proxy's thread."""
    busy = run.proxy.in_flight
    if aim():
        run.note(kind, f" while {busy} pushes are worked on")
        with run.lock:
            run.done["kills that hit a push being worked on"] += busy > 0


def _mend(run: Run) -> None:
    """Start what is down, and publish the releases that are due. Meanwhile the plan stands still."""
    stage, began = run.stage, time.monotonic()
    if stage.postgres_down():
        time.sleep(DOWN_S)
        stage.restart_postgres()
        run.book.event("PostgreSQL is up again")
    if stage.server_down():
        time.sleep(DOWN_S)
        stage.restart_server()
        stage.wait_ready("/healthz")  # PostgreSQL may be down again by now
        run.book.event("the server is up again")
    if run.releases_due:
        _release(run)
    run.started += time.monotonic() - began


def _release(run: Run) -> None:
    for _ in range(run.releases_due):
        try:
            number = run.stage.release()
        except (DBAPIError, StoreUnavailable):
            return  # PostgreSQL was killed in the middle of it: once more, later
        run.releases_due -= 1
        run.note("publish a release", f" {number}")


def _steady(run: Run) -> None:
    """Return when PostgreSQL and the server answer. Raises TortureError when they never do."""
    deadline = time.monotonic() + STEADY_S
    while True:
        _mend(run)
        try:
            run.stage.owner(lambda conn: conn.exec_driver_sql("SELECT 1"))
            run.stage.wait_ready()
            return
        except (DBAPIError, TortureError) as error:
            if time.monotonic() > deadline:
                raise TortureError(f"PostgreSQL or the server does not come back: {error}") from None
        time.sleep(0.2)


def _backup(run: Run) -> None:
    with _peace(run):
        run.stage.back_up()
    run.note("back up")


@contextmanager
def _peace(run: Run) -> Iterator[None]:
    """Nothing is killed and the plan stands still, while PostgreSQL is up: an operator is at work."""
    run.proxy.armed = False
    _steady(run)
    began = time.monotonic()
    try:
        yield
    finally:
        run.started += time.monotonic() - began
        run.proxy.armed = True


def _restore(run: Run) -> None:
    """What docs/operations.md tells an operator to do."""
    with _peace(run):
        said = _put_back(run)
    run.book.event(f"restored: {said}")


def _put_back(run: Run) -> str:
    stage = run.stage
    stage.kill_server()
    stage.kill_postgres(whole=True)
    if stage.postgres is not None:
        stage.postgres.stop()
    stage.put_back()
    stage.start_postgres()
    run.note("put the older backup back")
    said = "" if "epoch" in stage.doubles else stage.restored()
    stage.restart_server()
    stage.wait_ready()
    return said


def _progress(run: Run) -> str:
    acts, network = run.crew.counted(), sum(run.proxy.faults.values())
    done = ", ".join(f"{kind} {count}" for kind, count in sorted(run.done.items()) if kind.startswith("kill"))
    return (
        f"{timedelta(seconds=round(run.at))}  {acts['edits'] + acts['deletes']} writes, {run.proxy.acknowledged} "
        f"acknowledged, {acts['syncs']} syncs, {network} faults of the network; {done}"
    )


# --- the end ---------------------------------------------------------------------------------------------


def _pause(run: Run) -> Findings:
    """Compare in the middle of it, then go on. The time that takes is not time in which anything is hurt."""
    began = time.monotonic()
    findings = _reckoned(run)
    run.proxy.troubled = True
    run.crew.go_on()
    run.started += time.monotonic() - began
    return findings


def _reckoned(run: Run) -> Findings:
    """Let all be calm, let everybody sync until there is nothing left to say, and compare."""
    run.proxy.calm()
    run.releases_due = 0
    _steady(run)
    deadline = time.monotonic() + CALM_S
    while not run.proxy.quiet and time.monotonic() < deadline:
        run.crew.listen(0.1)  # requests that were held back still arrive
    run.book.event("all is calm")
    rounds, restless = run.crew.settle()
    findings = _reckon(run, run.stage.folder)
    # A device that finds its records not to be the server's says so before any comparison does.
    findings.wrong[:0] = restless
    run.note("compare everything")
    say(f"{timedelta(seconds=round(run.at))}  compared after {rounds} rounds of syncs: "
        f"{findings.acknowledged:,} acknowledged patches, {findings.records:,} records, {findings.replicas} devices: "
        f"{f'{len(findings.wrong)} WRONG' if findings.wrong else 'all is there'}")  # fmt: skip
    return findings


def _reckon(run: Run, folder: Path) -> Findings:
    findings = Findings()
    dumps = run.crew.dump(folder)
    path = folder / "ledger.jsonl"
    try:
        writes = oracle.gather(ledger.entries(path))
    except ValueError as error:
        findings.add(str(error))
        return findings
    stage = run.stage
    truths = stage.owner(
        lambda conn: {str(a): checker.truth(conn, stage.settings, a, findings) for a in stage.accounts}
    )
    checker.against_ledger(writes, truths, findings)
    for member, dump in zip(run.crew.members, dumps, strict=True):
        spec = member.spec
        checker.against_replica(spec.index, dump, truths[spec.account], findings)
        journal = Path(spec.folder) / "journal.jsonl"
        checker.against_journal(dump["device"], journal, spec.account, writes, findings)
    stage.owner(lambda conn: checker.against_catalogue(conn, dumps, findings))
    return findings


def _tell(run: Run, findings: Findings, folder: Path) -> None:
    """What was done, what it was done to, and what was lost."""
    acts = run.crew.counted()
    lines = ["", "what was done to it"]
    lines += [f"  {count:>7,}  {kind}" for kind, count in sorted(run.done.items())]
    lines += [f"  {count:>7,}  network: {kind}" for kind, count in sorted(run.proxy.faults.items())]
    lines += ["what went on meanwhile"]
    lines += [f"  {count:>7,}  {kind}" for kind, count in sorted(acts.items())]
    statuses = ", ".join(
        f"{status or 'none'}: {count:,}" for status, count in sorted(run.proxy.statuses.items())
    )
    lines += [f"  answers by status: {statuses}"]
    lines += ["what was compared"]
    lines += [f"  {findings.acknowledged:>7,}  acknowledged patches, of {findings.records:,} records",
              f"  {findings.replicas:>7,}  devices with the server's rows, digests and catalogue"]  # fmt: skip
    lines += [f"  note: {note}" for note in findings.notes[:10]]
    if findings.wrong:
        lines += [
            "",
            f"LOST OR WRONG: {len(findings.wrong)}",
            *checker.told(findings, folder / "ledger.jsonl"),
        ]
    else:
        lines += ["", "nothing acknowledged was lost, nothing is half there, all replicas are equal"]
    text = "\n".join(lines)
    print(text, flush=True)
    (folder / "report.txt").write_text(text + "\n")
    (folder / "report.json").write_text(
        json.dumps(
            {"done": run.done, "network": run.proxy.faults, "acts": acts, "wrong": findings.wrong}, indent=1
        )
    )
