"""The light client of `scripts/bench pull`, a process of its own: raw sockets, one thread, standard library only.

A task is a line of JSON on stdin: {"port", "request", "status", "body" (base64), "connections", "seconds"}.
Its answer is a line on stdout: {"requests", "seconds", "cpu"} or {"error"}. Ends with its stdin.
"""

import base64
import json
import select
import socket
import sys
import time

PATIENCE_S = 10.0


class WrongAnswer(Exception):
    """The server answered something else than it should, or nothing."""


def ask(sock, request):
    """One whole answer, its length told by Content-Length, or by the end of the head for a 304."""
    sock.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        got += received(sock)
    head, _, rest = got.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and not head.startswith(b"HTTP/1.1 304"):
            length = int(value)
    while len(rest) < length:
        rest += received(sock)
    return head, rest


def received(sock):
    data = sock.recv(1 << 18)
    if not data:
        raise WrongAnswer("the server closed the connection")
    return data


def check(answer, size, start, body):
    """Every answer is compared, not only the first."""
    if len(answer) != size or not answer.startswith(start) or not answer.endswith(body):
        raise WrongAnswer(f"an answer differs from the first: {answer[:200]!r}")


def measure(sockets, request, status, body, seconds):
    """Keep one request on each connection for `seconds`; all answers are awaited and counted."""
    head, first = ask(sockets[0], request)
    start = b"HTTP/1.1 %d " % status
    if not head.startswith(start) or first != body:
        raise WrongAnswer(
            f"expected status {status} and {len(body)} bytes, got {head[:200]!r} {first[:200]!r}"
        )
    # Request ids and dates have one length, so all answers have.
    size = len(head) + 4 + len(first)
    poll = select.poll()
    by_number = {sock.fileno(): sock for sock in sockets}
    parts = dict.fromkeys(by_number, b"")
    for number in by_number:
        poll.register(number, select.POLLIN)
    count, waiting = 0, len(sockets)
    cpu, began = time.process_time(), time.perf_counter()
    end = began + seconds
    for sock in sockets:
        sock.sendall(request)
    while waiting:
        events = poll.poll(PATIENCE_S * 1000)
        if not events:
            raise WrongAnswer(f"no answer within {PATIENCE_S:.0f} s")
        for number, _ in events:
            data = parts[number] + received(by_number[number])
            if len(data) < size:
                parts[number] = data
                continue
            check(data, size, start, body)
            parts[number] = b""
            count += 1
            if time.perf_counter() < end:
                by_number[number].sendall(request)
            else:
                waiting -= 1
    return {
        "requests": count, "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu,
    }  # fmt: skip


def run(task):
    sockets = []
    try:
        # Made for each task: a server may close connections that were idle since the last one.
        for _ in range(task["connections"]):
            sockets.append(socket.create_connection(("127.0.0.1", task["port"]), timeout=PATIENCE_S))
            sockets[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = base64.b64decode(task["body"])
        return measure(sockets, task["request"].encode(), task["status"], body, task["seconds"])
    except (WrongAnswer, OSError) as error:
        return {"error": str(error)}
    finally:
        for sock in sockets:
            sock.close()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
