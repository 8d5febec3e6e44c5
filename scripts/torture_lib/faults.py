"""What is done to whom and when: all of it follows from the seed, so that the same seed plans the same faults.

Which request a fault then meets, and how far a server had come when it was killed, depends on the machine's timing:
a seed repeats the plan, not the run.
"""

import random
from dataclasses import dataclass
from typing import Literal

DAY_S = 86_400.0
# The network's faults and their share of all exchanges, in the order in which they are drawn.
NETWORK = {
    "request lost": 0.04,
    "request cut": 0.03,
    "answer lost": 0.05,
    "answer cut": 0.05,
    "delayed": 0.06,
    "doubled": 0.03,  # twice at once
    "held back": 0.03,  # the device is cut off; its request arrives seconds later
    "replayed": 0.03,  # answered, and seconds later sent again
    "strange answer": 0.01,  # what a hotel's login page says
}
RECKON_S = 900.0  # between two comparisons in the middle of a long run
JUMPS_S = (DAY_S, -DAY_S, 240.0, 900.0, -900.0, 0.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one exchange. `share` of the body gets through where it is cut; `wait_s` where it is late."""

    kind: str
    share: float
    wait_s: float


Kind = Literal[
    "kill worker", "kill server", "kill postgres", "kill backend", "kill device", "clock", "offline",
    "release", "backup", "restore", "reckon",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something to do at `at_s` seconds.

    `device`: its index, where one is meant; `value`: seconds of a clock's error, of being offline, of being down, or
    between the push that a kill waits for and the kill.
    """

    at_s: float
    kind: Kind
    device: int = -1
    value: float = 0.0


def network_fault(seed: int, exchange: int) -> Fault | None:
    """The fault of the n-th exchange, None for most."""
    drawn = random.Random(f"{seed}/exchange/{exchange}")  # noqa: S311
    mark = drawn.random()
    for kind, share in NETWORK.items():
        mark -= share
        if mark < 0:
            # Mostly short, at times longer than a device waits for its answer.
            wait = min(drawn.expovariate(1 / 0.6), 6.0) + 0.05
            return Fault(kind, drawn.uniform(0.0, 0.98), wait)
    return None


def plan(seed: int, seconds: float, devices: int) -> list[Event]:
    """All events of a run of `seconds`, by time. A short run gets each kind too, only less often."""
    drawn = random.Random(f"{seed}/plan")  # noqa: S311
    events: list[Event] = []

    def often(every_s: float, first: float = 0.08, last: float = 0.97) -> list[float]:
        at, times = seconds * first + drawn.uniform(0, every_s / 2), []
        while at < seconds * last:
            times.append(at)
            at += drawn.uniform(0.5, 1.5) * every_s
        return times

    def pace(share: float, least: float, most: float) -> float:
        return min(max(seconds * share, least), most)

    for at in often(pace(0.2, 5, 45)):
        events.append(Event(at, "kill worker", value=drawn.uniform(0.0, 0.03)))
    for at in often(pace(0.3, 7, 90)):
        events.append(Event(at, "kill server", value=drawn.uniform(0.0, 0.03)))
    for at in often(pace(0.25, 6, 75)):
        # Within the few milliseconds that a push takes, so that some are hit in the middle of their commit.
        events.append(Event(at, "kill postgres", value=drawn.uniform(0.0, 0.03)))
    for at in often(pace(0.3, 9, 120)):
        events.append(Event(at, "kill backend", value=drawn.uniform(0.0, 0.03)))
    for at in often(pace(0.2, 6, 240)):
        events.append(Event(at, "release"))
    for device in range(devices):
        for at in often(pace(0.4, 6, 60)):
            events.append(Event(at, "kill device", device))
        for at in often(pace(0.4, 8, 120)):
            events.append(Event(at, "clock", device, drawn.choice(JUMPS_S)))
        for at in often(pace(0.4, 8, 150)):
            events.append(Event(at, "offline", device, drawn.uniform(0.05, 0.25) * pace(0.4, 8, 150)))
    events += [Event(at, "reckon") for at in often(RECKON_S, 0.1)]
    events.append(Event(seconds * drawn.uniform(0.25, 0.35), "backup"))
    at = seconds * drawn.uniform(0.6, 0.7)
    # Devices heal a server that was put back, also of what it may have lost before: so that is looked at first.
    events.append(Event(at - 0.6, "reckon"))
    # Some are away then, and come back when others have long pushed to the restored server.
    events += [Event(at - 0.5, "offline", each, min(seconds * 0.3, 120.0)) for each in range(0, devices, 3)]
    events.append(Event(at, "restore"))
    return sorted(events, key=lambda event: (event.at_s, event.kind, event.device))
