"""`scripts/bench pull`: what ten changes cost the server, against a bare endpoint, with few and many documents."""

import base64
import gzip
import json
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

import brotli
import psutil
import zstandard

from bench_lib import CHANGES
from bench_lib.report import BenchError, Row, aim, say
from bench_lib.stage import Server, Stage, stage

WARM_UP_SECONDS = 0.3
BUSY_CLIENT = 0.7  # of one core: above it the client may be what limits the rate
LEAST_OF_BARE, MOST_GROWTH = 0.5, 1.2
COLUMNS = [
    ("row", "pull"), ("documents", "documents"), ("requests_per_s", "requests/s"), ("ratio_to_bare", "of bare"),
    ("server_cpu_us", "server CPU µs"), ("postgres_cpu_us", "PostgreSQL CPU µs"),
    ("cpu_ratio_to_bare", "CPU of bare"), ("client_cpu_share", "client core"), ("body_bytes", "body bytes"),
]  # fmt: skip
DECODE = {
    "identity": lambda body: body,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}


@dataclass(frozen=True)
class Task:
    """One kind of request to one server, with the answer that every one of them must have."""

    name: str
    server: Server
    cache: str
    request: str
    status: int
    body: bytes


@dataclass(frozen=True)
class Sample:
    """One measurement. CPU in seconds, all processes of the server and of PostgreSQL."""

    requests: int
    seconds: float
    server_cpu: float
    postgres_cpu: float
    client_cpu: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu(self) -> float:
        """Of one request; the client's first one, which it checks before the clock starts, counts."""
        return (self.server_cpu + self.postgres_cpu) / (self.requests + 1)


def cpu_seconds(pids: tuple[int, ...]) -> float:
    """CPU time that these processes have used, all threads, to the nanosecond where the system can."""
    try:
        if sys.platform == "linux":  # the clock id that clock_getcpuclockid(3) gives for another process
            return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)
    except (OSError, psutil.Error) as error:
        raise BenchError(f"a process ended during the measurement: {error}") from None


def request_text(target: str, coding: str, **headers: str) -> str:
    """A GET as it goes over the wire, on a connection that stays open."""
    fields = {"Host": "127.0.0.1", "Accept-Encoding": coding, **headers}
    lines = [
        f"GET {target} HTTP/1.1",
        *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()),
    ]
    return "\r\n".join([*lines, "", ""])


def checked_tasks(server: Server, coding: str) -> list[Task]:
    """The bare request and the real ones, after proving that the answers are the right ones."""
    status, headers, body = server.ask("GET", server.delta, coding)
    if status != 200:
        raise BenchError(f"GET {server.delta}: {status} {body[:300]!r}")
    if headers.get("content-encoding", "identity") != coding:
        raise BenchError(f"asked for {coding}, got {headers.get('content-encoding')}")
    answer = json.loads(DECODE[coding](body))
    seqs = [change["seq"] for change in answer["changes"]]
    if seqs != list(range(server.documents + 1, server.documents + CHANGES + 1)):
        raise BenchError(f"expected the last {CHANGES} changes, got seq {seqs}")
    if answer["more"] or "release" not in answer or not all(each["data"] for each in answer["changes"]):
        raise BenchError("the answer is not a complete release")
    bare_status, bare_headers, bare_body = server.ask("GET", "/bare", coding)
    changing = {"x-request-id", "date"}
    if (bare_status, bare_body) != (status, body) or any(
        headers.get(name) != bare_headers.get(name) for name in {*headers, *bare_headers} - changing
    ):
        raise BenchError(f"the bare answer differs from the real one: {bare_headers} instead of {headers}")
    _, none_headers, none_body = server.ask("GET", server.head, coding)
    if json.loads(DECODE[none_headers.get("content-encoding", "identity")](none_body))["changes"]:
        raise BenchError("the cursor of the head has changes after it")
    delta = request_text(server.delta, coding)
    unchanged = request_text(server.head, coding, If_None_Match=none_headers["etag"])
    return [
        Task("bare", server, "on", request_text("/bare", coding), 200, body),
        Task("10 changes, built each time", server, "off", delta, 200, body),
        Task("10 changes, as shipped", server, "on", delta, 200, body),
        Task("nothing new, 304", server, "on", unchanged, 304, b""),
    ]


class Meter:
    """Runs tasks through the client process and reads the CPU clocks around them."""

    def __init__(self, held: Stage, connections: int) -> None:
        self.held, self.connections = held, connections
        self.backends: tuple[int, ...] = ()

    def find_backends(self) -> None:
        """After the warm-up, when the pools are full: PostgreSQL's processes from now on."""
        children = psutil.Process(self.held.postgres).children(recursive=True)
        self.backends = (self.held.postgres, *(child.pid for child in children))

    def measure(self, task: Task, seconds: float) -> Sample:
        """One measurement. Raises BenchError for any answer that is not the task's."""
        if task.server.ask("POST", f"/bench/cache/{task.cache}")[0] != 204:
            raise BenchError("the server's cache cannot be switched")
        order = {
            "port": task.server.port, "request": task.request, "status": task.status, "seconds": seconds,
            "body": base64.b64encode(task.body).decode(), "connections": self.connections,
        }  # fmt: skip
        server, postgres = cpu_seconds(task.server.family), cpu_seconds(self.backends)
        said = self._client(json.dumps(order))
        server, postgres = cpu_seconds(task.server.family) - server, cpu_seconds(self.backends) - postgres
        if "error" in said:
            raise BenchError(f"{task.name}, {task.server.documents} documents: {said['error']}")
        return Sample(said["requests"], said["seconds"], server, postgres, said["cpu"])

    def _client(self, line: str) -> dict[str, Any]:
        into, out = self.held.client.stdin, self.held.client.stdout
        assert into is not None
        assert out is not None
        into.write(line + "\n")
        into.flush()
        answer = out.readline()
        if not answer:
            raise BenchError("the client process ended")
        return dict(json.loads(answer))


def run(
    sizes: list[int], connections: int, threads: int, rounds: int, seconds: float, coding: str
) -> list[Row]:
    """Rows for every size and the aims. Raises BenchError."""
    with stage(sizes, CHANGES, threads, coding) as held:
        tasks = [checked_tasks(server, coding) for server in held.servers]
        meter = Meter(held, connections)
        for task in [each for of_server in tasks for each in of_server]:
            meter.measure(task, min(WARM_UP_SECONDS, seconds))
        meter.find_backends()
        pairs: dict[tuple[int, str], list[tuple[Sample, Sample]]] = {}
        for number in range(rounds):
            say(f"pull: round {number + 1} of {rounds}")
            # Neighbours in time are compared, and who goes first changes: what drifts hits both.
            forth = number % 2 == 0
            for place in range(1, len(tasks[0])):
                for bare, *real in tasks if forth else tasks[::-1]:
                    task = real[place - 1]
                    first, second = (bare, task) if forth else (task, bare)
                    samples = meter.measure(first, seconds), meter.measure(second, seconds)
                    pair = samples if forth else samples[::-1]
                    pairs.setdefault((task.server.documents, task.name), []).append((pair[0], pair[1]))
    sizes_of = {task.server.documents: len(task.body) for task, *_ in tasks}
    return summary(
        pairs,
        sizes_of,
        {"coding": coding, "connections": connections, "threads": threads, "postgres": held.version},
    )


def summary(
    pairs: dict[tuple[int, str], list[tuple[Sample, Sample]]], body_bytes: dict[int, int], how: Row
) -> list[Row]:
    """Rows from (bare, real) samples by (documents, name): a bare one for each size, the real ones, the aims."""
    rows, aims = [], []
    for documents in body_bytes:
        names = [name for size, name in pairs if size == documents]
        known = {"bench": "pull", "documents": documents, "body_bytes": body_bytes[documents], **how}
        bares = [bare for name in names for bare, _ in pairs[documents, name]]
        rows.append({**known, "row": "bare", **_means(bares), "ratio_to_bare": 1.0, "cpu_ratio_to_bare": 1.0})
        for name in names:
            of_name = pairs[documents, name]
            ratios = [real.rate / bare.rate for bare, real in of_name]
            row = {
                **known, "row": name, **_means([real for _, real in of_name]),
                "ratio_to_bare": statistics.median(ratios), "ratio_least": min(ratios), "ratio_most": max(ratios),
                "cpu_ratio_to_bare": statistics.median(real.cpu / bare.cpu for bare, real in of_name),
            }  # fmt: skip
            if "304" in name:
                row["body_bytes"] = 0
            else:
                words = f"{name}, {documents:,} documents: requests/s of bare"
                aims.append(aim(words, row["ratio_to_bare"], "×", least=LEAST_OF_BARE))
            rows.append(row)
    few, many = min(body_bytes), max(body_bytes)
    if few != many:
        for name in [name for size, name in pairs if size == few and "304" not in name]:
            both = zip(pairs[few, name], pairs[many, name], strict=True)
            growth = statistics.median(large.cpu / small.cpu for (_, small), (_, large) in both)
            aims.append(aim(f"{name}: CPU, {many:,} against {few:,}", growth, "×", most=MOST_GROWTH))
    for row in rows:
        if row["client_cpu_share"] > BUSY_CLIENT:
            say(f"{row['row']}: the client used {row['client_cpu_share']:.0%} of a core and may be the limit")
    return [*rows, *aims]


def _means(samples: list[Sample]) -> Row:
    requests, seconds = sum(each.requests for each in samples), sum(each.seconds for each in samples)
    served = requests + len(samples)
    return {
        "requests": requests,
        "requests_per_s": requests / seconds,
        "server_cpu_us": sum(each.server_cpu for each in samples) / served * 1e6,
        "postgres_cpu_us": sum(each.postgres_cpu for each in samples) / served * 1e6,
        "client_cpu_share": sum(each.client_cpu for each in samples) / seconds,
    }
