"""`scripts/bench sync`: what the two-way sync costs, beside a bare endpoint and beside Kinto."""

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bench_lib import CHANGES, stage, sync_kinto
from bench_lib.report import BenchError, Row, aim, say
from bench_lib.sync_content import DEVICE, EPOCH, Content, Record, patches
from bench_lib.sync_fill import Account, connect, fill, many, settle
from bench_lib.sync_stage import LIGHT_EACH, House, Sample, Server, Stage, build, request
from sync.cursor import Cursor, encode

CATALOG = 400
PUSH = 100
FULL = 10_000
"""So many of the newest records of an account are whole ones; those below only have to be there."""
WARM_UP_SECONDS = 0.4
AIMS = {"push of 100": 150.0, "delta of 10": 800.0, "idle": 1200.0}
MOST_FIRST_MB, MOST_GROWTH = 3.7, 1.2
COLUMNS = [
    ("row", "sync"), ("clients", "clients"), ("per_s", "per s"), ("p50_ms", "p50 ms"), ("p95_ms", "p95 ms"),
    ("server_cpu_us", "server CPU µs"), ("postgres_cpu_us", "PostgreSQL CPU µs"), ("client_cpu_share", "client core"),
    ("bytes_down", "bytes down"), ("bytes_up", "bytes up"), ("ratio_to_bare", "of bare"), ("ratio_to_kinto", "× Kinto"),
]  # fmt: skip

Units = list[list[bytes]]


@dataclass(frozen=True)
class How:
    """What to measure; see --help."""

    clients: Sequence[int]
    records: Sequence[int]
    stream: Sequence[int]
    accounts: Sequence[int]
    workers: int
    threads: int
    rounds: int
    seconds: float
    coding: str
    kinto: Path | None


@dataclass
class Task:
    """One kind of request: `units(clients)` gives each connection its units, `used` hears how many were sent."""

    name: str
    server: Server
    units: Callable[[int], list[Units]]
    loops: bool = True
    count: tuple[bytes, int] | None = None
    used: Callable[[list[int]], None] = lambda _: None
    beside: str = ""
    samples: dict[int, list[Sample]] = field(default_factory=dict)

    def measure(self, held: Stage, clients: int, seconds: float) -> Sample:
        try:
            sample = held.measure(
                self.server, self.units(clients), seconds, loops=self.loops, count=self.count
            )
        except BenchError as error:
            raise BenchError(f"{self.name}, {clients} clients: {error}") from None
        self.used(sample.used)
        return sample


class Device:
    """What a device of an account sends."""

    def __init__(self, house: House, account: Account, coding: str) -> None:
        self.account, self.coding = account, coding
        self._token = house.token(account.name)
        self.pushed = 0

    def headers(self, coding: str | None = None) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token}", "Content-Type": "application/json",
            "Accept-Encoding": coding or self.coding,
        }  # fmt: skip

    def body(self, cursor: str | None, sent: bytes = b"[]") -> bytes:
        """A whole envelope: the catalogue and the model are asked for each time, as devices do."""
        asked = {
            "device": DEVICE, "protocol": 1,
            "cursors": {"account": cursor, "catalog": encode(Cursor("catalog", EPOCH, CATALOG + CHANGES))},
            "patches": orjson.Fragment(sent),
            "model": {"installed": "0" * 64, "contract": 2, "channel": "stable", "app": "1.0.0",
                      "runtime": {"ort": "1.24", "opset": 21}},
        }  # fmt: skip
        return orjson.dumps(asked)

    def sync(self, cursor: str | None, sent: bytes = b"[]", coding: str | None = None) -> bytes:
        return request("POST", "/v1/sync", self.headers(coding), self.body(cursor, sent))

    def behind(self, changes: int) -> bytes:
        """A sync of a device that lacks the newest `changes`."""
        return self.sync(self.account.cursor(self.account.head - changes))

    def push(self, number: int, records: Any) -> bytes:
        """The `number`-th push: it stands where the ones before have left it. Its answer is plain, to be looked at."""
        cursor = self.account.cursor(self.account.head + number * PUSH)
        return self.sync(cursor, patches(records, PUSHED_FROM + number * PUSH), "identity")


PUSHED_FROM = int(time.time() * 1000) - 3_600_000


def answer_of(server: Server, device: Device, cursor: str | None) -> dict[str, Any]:
    """The answer to a pull, checked. Raises BenchError."""
    status, body = server.ask("POST", "/v1/sync", device.headers("identity"), device.body(cursor))
    if status != 200:
        raise BenchError(f"POST /v1/sync: {status} {body[:300]!r}")
    found: dict[str, Any] = orjson.loads(body)
    return found


def check_delta(server: Server, device: Device, changes: int) -> None:
    """Prove that a device that lacks `changes` gets them, in clear, and nothing else."""
    account = device.account
    part = answer_of(server, device, account.cursor(account.head - changes))["account"]
    wanted = list(range(account.head - changes + 1, account.head + 1))
    if [change["seq"] for change in part["changes"]] != wanted or part["more"]:
        raise BenchError(f"expected seq {wanted[:1]} to {wanted[-1:]}, got {str(part)[:300]}")
    if "sealed:" in str(part["changes"]):
        raise BenchError("a sealed value was not opened")


def first_pull(server: Server, device: Device) -> list[bytes]:
    """The requests of a first pull, page after page."""
    cursor, pages, seen = None, [], 0
    while True:
        pages.append(device.sync(cursor))
        part = answer_of(server, device, cursor)["account"]
        seen, cursor = seen + len(part["changes"]), part["cursor"]
        if not part["more"]:
            break
    if seen != device.account.head:
        raise BenchError(f"a first pull of {device.account.head} records gave {seen}")
    return pages


def looping(devices: Sequence[Device], unit: Callable[[Device], list[bytes]]) -> Callable[[int], list[Units]]:
    """Each connection is one device that asks the same again and again."""
    made = [[unit(device)] for device in devices]
    return lambda clients: [made[number % len(made)] for number in range(clients)]


class Writers:
    """Devices that push new records; what they send is made before it is timed."""

    def __init__(self, make: Sequence[Callable[[int, Any], bytes]], content: Content, ahead: int) -> None:
        self._make, self._content, self._ahead = make, content, ahead
        self._sent = [0] * len(make)
        self._ready: list[Units] = [[] for _ in make]

    def units(self, clients: int) -> list[Units]:
        wanted = max(8, self._ahead // clients)
        for number, ready in enumerate(self._ready[:clients]):
            for place in range(len(ready), wanted):
                records = self._content.records(PUSH)
                ready.append([self._make[number](self._sent[number] + place, records)])
        return [ready[:wanted] for ready in self._ready[:clients]]

    def used(self, counts: list[int]) -> None:
        for number, count in enumerate(counts):
            self._sent[number] += count
            del self._ready[number][:count]


def run(how: How) -> list[Row]:
    """Rows and aims. Raises BenchError."""
    with build() as held:
        tasks, growth = _prepare(held, how)
        for task in [*tasks, *itertools.chain(*growth.values())]:
            # Its first requests open connections and fill caches.
            task.measure(held, max(how.clients), min(WARM_UP_SECONDS, how.seconds))
        held.find_backends()
        for number in range(how.rounds):
            say(f"sync: round {number + 1} of {how.rounds}")
            forth = number % 2 == 0
            for clients in how.clients:
                for task in tasks if forth else tasks[::-1]:
                    task.samples.setdefault(clients, []).append(task.measure(held, clients, how.seconds))
            most = max(how.clients)
            for pair in growth.values():
                for task in pair if forth else pair[::-1]:
                    task.samples.setdefault(most, []).append(task.measure(held, most, how.seconds))
        known = {"bench": "sync", "workers": how.workers, "threads": how.threads, "coding": how.coding,
                 "postgres": held.postgres.version}  # fmt: skip
        return summary(tasks, growth, how, known)


def _prepare(held: Stage, how: How) -> tuple[list[Task], dict[str, list[Task]]]:
    """The tasks, and pairs of tasks whose costs are compared by what grew between them."""
    content, most = Content(1), max(how.clients)
    full = list(content.records(max(min(FULL, max(how.records)), CHANGES)))
    house = held.house("main")
    stage._fill(house.url, CATALOG, CHANGES)
    with connect(house.url) as conn:
        kept: dict[int, list[Account]] = {}
        for total in how.records:
            say(f"sync: {most} accounts with {total:,} records")
            kept[total] = [fill(conn, house.master, full[-total:], total) for _ in range(most)]
        say(f"sync: {most} accounts to push into")
        writing = [fill(conn, house.master, full[-min(how.records) :], min(how.records)) for _ in range(most)]
        grown = {}
        for total in how.stream:
            say(f"sync: an account with {total:,} records")
            grown[total] = fill(conn, house.master, full[-min(1000, total) :], total)
    settle(house.url)
    readers = {
        total: [Device(house, each, how.coding) for each in accounts] for total, accounts in kept.items()
    }
    some = readers[min(how.records)]
    bare = {
        "body": some[0].body(some[0].account.cursor(some[0].account.head - CHANGES)),
        "headers": some[0].headers(),
    }
    server = held.server(house, how.workers, how.threads, bare)
    tasks = _tasks(server, how, readers, [Device(house, each, how.coding) for each in writing], content)
    if how.kinto is not None:
        tasks += _kinto(held, how, full, content)
    growth = {}
    if len(how.stream) > 1:
        growth["records in the stream"] = [
            _delta(server, [Device(house, account, how.coding)], f"delta, {total:,} in the stream")
            for total, account in grown.items()
        ]
    if len(how.accounts) > 1:
        growth["accounts"] = [_many(held, how, full, total) for total in how.accounts]
    return tasks, growth


def _delta(server: Server, devices: Sequence[Device], name: str) -> Task:
    for device in devices[:3]:
        check_delta(server, device, CHANGES)
    return Task(name, server, looping(devices, lambda device: [device.behind(CHANGES)]))


def _tasks(
    server: Server, how: How, readers: dict[int, list[Device]], writers: list[Device], content: Content
) -> list[Task]:
    some = readers[min(how.records)]
    bare = looping(
        some,
        lambda device: [
            request(
                "POST", "/bare", device.headers(), device.body(device.account.cursor(device.account.head))
            )
        ],
    )
    check_delta(server, some[0], 0)
    made = [
        Task("bare", server, bare),
        Task("idle", server, looping(some, lambda device: [device.behind(0)])),
    ]
    for total, devices in readers.items():
        made.append(_delta(server, devices, f"delta of {CHANGES} out of {total:,}"))
    queue = Writers([device.push for device in writers], content, _ahead(how))
    made.append(
        Task(f"push of {PUSH}", server, queue.units, loops=False, count=(b'"applied"', PUSH), used=queue.used)
    )
    pages = {device: first_pull(server, device) for device in some}
    made.append(Task(f"first pull of {min(how.records):,}", server, looping(some, pages.__getitem__)))
    return made


def _ahead(how: How) -> int:
    """Pushes made ready for one measurement, of all clients together: more than can be sent."""
    return max(16, int(how.seconds * 500))


def _many(held: Stage, how: How, full: list[Record], total: int) -> Task:
    """Deltas of a hundred accounts among `total`, in turn, from a database and a server of their own."""
    say(f"sync: {total:,} accounts")
    house = held.house(f"accounts_{total}")
    stage._fill(house.url, CATALOG, CHANGES)
    asked = min(100, total)
    with connect(house.url) as conn:
        accounts = []
        for _ in range(asked):  # spread among the others
            many(conn, total // asked - 1, LIGHT_EACH)
            accounts.append(fill(conn, house.master, full[-CHANGES:], LIGHT_EACH + CHANGES))
    settle(house.url)
    devices = [Device(house, each, how.coding) for each in accounts]
    bare = {"body": devices[0].body(None), "headers": devices[0].headers()}
    server = held.server(house, how.workers, how.threads, bare)
    for device in devices[:3]:
        check_delta(server, device, CHANGES)
    requests = [[device.behind(CHANGES)] for device in devices]
    # Each connection goes round all of them, from a place of its own.
    return Task(
        f"delta, {total:,} accounts", server,
        lambda clients: [requests[place * asked // clients :] + requests[: place * asked // clients]
                         for place in range(clients)],
    )  # fmt: skip


def _kinto(held: Stage, how: How, full: list[Record], content: Content) -> list[Task]:
    assert how.kinto is not None
    kinto = sync_kinto.Kinto(held, how.kinto, how.workers, how.threads)
    most, least = max(how.clients), min(how.records)
    say(f"sync: the same in Kinto {sync_kinto.VERSION}")
    shelves = {total: kinto.shelves(most, full[-total:], total) for total in how.records}
    writing = kinto.shelves(most, full[-least:], least)
    settle(kinto.url)
    server, some = kinto.server, shelves[least]

    def asking(shelves: Sequence[sync_kinto.Shelf], left: int) -> Callable[[int], list[Units]]:
        for shelf in shelves[:3]:
            sync_kinto.checked(server, shelf, left)
        return lambda clients: [[[shelf.since(left)]] for shelf in shelves[:clients]]

    made = [Task("Kinto: idle", server, asking(some, 0), beside="idle")]
    for total, held_by in shelves.items():
        name = f"delta of {CHANGES} out of {total:,}"
        made.append(Task(f"Kinto: {name}", server, asking(held_by, CHANGES), beside=name))
    queue = Writers(
        [lambda _, records, shelf=shelf: shelf.push(records) for shelf in writing], content, _ahead(how) // 20
    )
    made.append(
        Task(f"Kinto: push of {PUSH}", server, queue.units, loops=False, count=(b'"status":201', PUSH),
             used=queue.used, beside=f"push of {PUSH}")
    )  # fmt: skip
    first = f"first pull of {least:,}"
    made.append(
        Task(
            f"Kinto: {first}",
            server,
            lambda clients: [[[s.everything()]] for s in some[:clients]],
            beside=first,
        )
    )
    return made


def summary(tasks: list[Task], growth: dict[str, list[Task]], how: How, known: Row) -> list[Row]:
    """Rows of the tasks with their ratios, and the aims."""
    by_name = {task.name: task for task in tasks}
    beside = {task.beside: task for task in tasks if task.beside}
    rows, aims = [], []
    for clients, task in itertools.product(how.clients, tasks):
        row = {**known, "row": task.name, "clients": clients, **_means(task.samples[clients])}
        if not task.beside:
            row["ratio_to_bare"] = _ratio(task.samples[clients], by_name["bare"].samples[clients])
        if task.name in beside:
            row["ratio_to_kinto"] = _ratio(task.samples[clients], beside[task.name].samples[clients])
        rows.append(row)
    most = max(how.clients)
    for task in tasks:
        found = [least for name, least in AIMS.items() if task.name.startswith(name)]
        mean = _means(task.samples[most])
        if found:
            aims.append(aim(f"{task.name}, {most} clients", mean["per_s"], "/s", least=found[0]))
        if task.name.startswith("first pull of 10,000"):
            aims.append(aim(f"{task.name}: on the wire", mean["bytes_down"] / 1e6, "MB", most=MOST_FIRST_MB))
    for name, pair in growth.items():
        for task in pair:
            rows.append({**known, "row": task.name, "clients": most, **_means(task.samples[most])})
        ratios = [
            large.cpu / small.cpu
            for small, large in zip(pair[0].samples[most], pair[-1].samples[most], strict=True)
        ]
        words = f"delta: CPU, {pair[-1].name.split(', ')[1]} against {pair[0].name.split(', ')[1].split()[0]}"
        aims.append(aim(words, statistics.median(ratios), "×", most=MOST_GROWTH) | {"growth": name})
    return [*rows, *aims]


def _ratio(ours: list[Sample], theirs: list[Sample]) -> float:
    """Median over the rounds of how many times as many a second."""
    return statistics.median(one.rate / other.rate for one, other in zip(ours, theirs, strict=True))


def _means(samples: list[Sample]) -> Row:
    units, seconds = sum(each.units for each in samples), sum(each.seconds for each in samples)
    latencies = sorted(itertools.chain.from_iterable(each.latencies for each in samples))
    return {
        "units": units,
        "per_s": units / seconds,
        "p50_ms": latencies[len(latencies) // 2],
        "p95_ms": latencies[min(len(latencies) - 1, int(len(latencies) * 0.95))],
        "server_cpu_us": sum(each.server_cpu for each in samples) / units * 1e6,
        "postgres_cpu_us": sum(each.postgres_cpu for each in samples) / units * 1e6,
        "client_cpu_share": sum(each.client_cpu for each in samples) / seconds,
        "bytes_down": round(sum(each.received for each in samples) / units),
        "bytes_up": round(sum(each.sent for each in samples) / units),
    }
