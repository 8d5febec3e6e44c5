"""Whatever happens, in whatever order: a device shows a whole release, and one good sync brings it up to date."""

import copy
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sync.canonical import catalog_digest, document_digest
from sync.device import Device
from sync.transport import Response, TransportError
from tests.sync.fakes import NOW, Documents, FakeServer, cut, flipped, network, no_check, raw
from tests.thorough import often

KEYS = [("exercise", f"e{n}") for n in range(7)] + [("vocabulary", f"v{n}") for n in range(3)]


class Story(RuleBasedStateMachine):
    """A publisher, an unreliable network and two devices."""

    @initialize(page=st.integers(1, 5), snapshots=st.booleans())
    def begin(self, page: int, snapshots: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.server = FakeServer(page=page, snapshots=snapshots)
        self.devices = [Device(Path(self.folder.name) / str(n), clock=lambda: NOW) for n in range(2)]
        self.ever: list[Documents] = []
        self.models = 0
        self.publish({KEYS[0]: 1})

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(content=st.dictionaries(st.sampled_from(KEYS), st.integers(0, 3)))
    def publish(self, content: dict[tuple[str, str], int]) -> None:
        self.server.publish({k: {"revision": v, "ratio": v / 3} for k, v in content.items()})
        self.ever.append(self.server.releases[max(self.server.releases)])

    @rule()
    def publish_model(self) -> None:
        self.models += 1
        self.server.publish_model(b"model %d " % self.models * 99, self.models)

    @rule()
    def prune(self) -> None:
        self.server.prune()

    @rule(back=st.integers(0, 3))
    def restore_a_backup(self, back: int) -> None:
        numbers = sorted(self.server.releases)
        self.server.restore(numbers[max(0, len(numbers) - 1 - back)])

    @rule(device=st.integers(0, 1))
    def sync_well(self, device: int) -> None:
        report = self.devices[device].sync(self.server, None, no_check)
        assert report.ok, report
        assert self.held(device) == self.server.releases[max(self.server.releases)]

    @rule(
        device=st.integers(0, 1),
        at=st.integers(0, 6),
        fault=st.sampled_from(["lost", "cut", "flipped", "repeated", "503", "publish"]),
        seed=st.integers(0, 10_000),
    )
    def sync_badly(self, device: int, at: int, fault: str, seed: int) -> None:
        self.devices[device].sync(network(self.server, self.fault(at, fault, seed)), None, no_check)

    @rule(device=st.integers(0, 1), past=st.integers(1, 3))
    def meet_an_old_mirror(self, device: int, past: int) -> None:
        """A server that was honest once: same key, but its state is some releases old."""
        numbers = sorted(self.server.releases)
        if len(numbers) <= past:
            return
        mirror = copy.deepcopy(self.server)
        old = numbers[-1 - past]
        mirror.rows, mirror.head = {}, 0
        mirror.publish(self.server.releases[old], number=old)
        before = self.devices[device].status() if self.known(device) else None
        self.devices[device].sync(mirror, None, no_check)
        if before and before["release"] is not None and before["epoch"] == self.server.epoch:
            assert self.devices[device].status()["release"] >= before["release"]

    def fault(self, at: int, fault: str, seed: int) -> Callable[[int, Response], Response]:
        earlier: list[tuple[int, bytes, dict[str, str]]] = []
        chance = random.Random(seed)

        def spoil(n: int, response: Response) -> Response:
            body = b"".join(response.chunks)
            now = (response.status, body, dict(response.headers))
            last, earlier[:] = earlier[-1:], [now]
            if n != at:
                return raw(*now)
            if fault == "lost":
                raise TransportError("lost")
            if fault == "503":
                return raw(503, b"")
            if fault == "repeated" and last:
                return raw(*last[0])
            if fault == "flipped":
                return flipped(raw(*now), chance.randrange(1 << 16))
            if fault == "cut":
                return cut(raw(*now), chance.randrange(len(body) + 1))
            if fault == "publish":
                self.publish({key: chance.randrange(4) for key in chance.sample(KEYS, 5)})
            return raw(*now)

        return spoil

    def known(self, device: int) -> bool:
        return (self.devices[device].directory / "replica.sqlite").exists()

    def held(self, device: int) -> Documents:
        return {(d["collection"], d["id"]): d["data"] for d in self.devices[device].documents()}

    @invariant()
    def every_device_shows_a_release_whole(self) -> None:
        for number, device in enumerate(getattr(self, "devices", [])):
            if not self.known(number) or device.status()["release"] is None:
                continue
            held = self.held(number)
            assert held in self.ever
            digests = {key: document_digest(data) for key, data in held.items()}
            assert device.status()["digest"] == catalog_digest(digests)


Story.TestCase.settings = settings(
    max_examples=often(20, 200),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
test_any_story_ends_well = Story.TestCase
