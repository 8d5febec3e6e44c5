"""The light client of `scripts/bench sync`, a process of its own: raw sockets, one thread, standard library only.

A line on stdin names a pickled order: {"port", "seconds", "loops", "count", "connections"}. A connection has units, a
unit is requests sent one after another and timed as one. With `loops` its units come round again, else each is sent
once. `count`: (bytes, how often each answer must hold them), or None. The answer is a line on stdout: {"units",
"seconds", "cpu", "latencies" in ms, "received" bytes, "sent" bytes, "used" units of each connection} or {"error"}.
"""

import json
import pickle
import select
import socket
import sys
import time

PATIENCE_S = 30.0


class WrongAnswer(Exception):
    """The server answered something else than it should, or nothing."""


class Connection:
    """One keep-alive connection and where it is in its units."""

    def __init__(self, port, units, loops):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.units, self.loops = units, loops
        self.used = self.place = self.began = 0
        self.parts, self.missing = [], None

    def next_unit(self):
        """Begin a unit; False when there is none."""
        if not self.loops and self.used == len(self.units):
            return False
        self.place, self.began = 0, time.perf_counter()
        self.send()
        return True

    def send(self):
        self.socket.sendall(self.units[self.used % len(self.units)][self.place])

    def take(self):
        """A whole answer as (head, body), None while it is not there."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise WrongAnswer("the server closed the connection")
        self.parts.append(data)
        if self.missing is None:
            so_far = b"".join(self.parts)
            head, found, _ = so_far.partition(b"\r\n\r\n")
            self.parts = [so_far]
            if not found:
                return None
            self.missing = len(head) + 4 + length_of(head) - len(so_far)
        else:
            self.missing -= len(data)
        if self.missing > 0:
            return None
        head, _, body = b"".join(self.parts).partition(b"\r\n\r\n")
        self.parts, self.missing = [], None
        return head, body

    def after_answer(self):
        """Send the unit's next request; True when it was the last one."""
        self.place += 1
        if self.place < len(self.units[self.used % len(self.units)]):
            self.send()
            return False
        self.used += 1
        return True


def length_of(head):
    if head.startswith((b"HTTP/1.1 304", b"HTTP/1.1 204")):
        return 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise WrongAnswer(f"an answer without a length: {head[:200]!r}")


def check(head, body, count):
    """Every answer is looked at, not only the first."""
    if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 304")):
        raise WrongAnswer(f"{head[:60]!r} {body[:300]!r}")
    if count is not None and body.count(count[0]) != count[1]:
        raise WrongAnswer(f"{count[0]!r} is {body.count(count[0])} times in {body[:300]!r}")


def measure(connections, seconds, count):
    """Keep one request on each connection for `seconds`; what was begun is finished and counted."""
    poll = select.poll()
    by_number = {each.socket.fileno(): each for each in connections}
    for number in by_number:
        poll.register(number, select.POLLIN)
    latencies, received, waiting = [], 0, 0
    cpu, began = time.process_time(), time.perf_counter()
    end = began + seconds
    for each in connections:
        waiting += each.next_unit()
    while waiting:
        events = poll.poll(PATIENCE_S * 1000)
        if not events:
            raise WrongAnswer(f"no answer within {PATIENCE_S:.0f} s")
        for number, _ in events:
            each = by_number[number]
            answer = each.take()
            if answer is None:
                continue
            check(*answer, count)
            received += len(answer[0]) + 4 + len(answer[1])
            if each.after_answer():
                now = time.perf_counter()
                latencies.append(round((now - each.began) * 1000, 4))
                if now >= end or not each.next_unit():
                    waiting -= 1
    return {
        "units": len(latencies), "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu,
        "latencies": latencies, "received": received, "used": [each.used for each in connections],
    }  # fmt: skip


def run(order):
    connections = []
    try:
        for units in order["connections"]:
            connections.append(Connection(order["port"], units, order["loops"]))
        done = measure(connections, order["seconds"], order["count"])
        sent = sum(
            sum(len(request) for request in each.units[number % len(each.units)])
            for each in connections
            for number in range(each.used)
        )
        return done | {"sent": sent}
    except (WrongAnswer, OSError) as error:
        return {"error": str(error)}
    finally:
        for each in connections:
            each.socket.close()


if __name__ == "__main__":
    for line in sys.stdin:
        with open(line.rstrip("\n"), "rb") as file:  # noqa: PTH123 - starts faster without pathlib
            order = pickle.load(file)  # noqa: S301 - written by the bench itself
        print(json.dumps(run(order)), flush=True)
