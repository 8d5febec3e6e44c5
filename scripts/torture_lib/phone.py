"""The reference device as the torture uses it: real files, a real network, a wall clock that may be wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from sync import outbox, replica
from sync.device import Device, Report
from sync.transport import TransportError, http_sender

TIMEOUT_S, PATIENT_S = 4.0, 60.0
"""Shorter than the longest delays of the network, so that answers also come too late; and when all is calm."""


@dataclass(frozen=True)
class Went:
    """How a sync went: names of what is counted; `quiet` when nothing moved and nothing is left to do."""

    happened: list[str] = field(default_factory=list)
    quiet: bool = False
    problem: str | None = None


class Phone:
    """The device in `folder`, which talks to `server`. `now` is its wall clock, seconds since 1970."""

    def __init__(
        self, folder: Path, server: str, account: str, token: str, trust: Path, now: Callable[[], float]
    ) -> None:
        self.device = Device(folder, clock=lambda: datetime.fromtimestamp(now(), UTC))
        self.token = token
        self.trusted: Mapping[str, str] = {
            key["key_id"]: key["public_key"] for key in orjson.loads(trust.read_bytes())["keys"]
        }
        self.server = server
        self.be_patient(False)
        self.device.attach(account)

    def be_patient(self, patient: bool) -> None:
        """How long to wait for the network."""
        self.send = http_sender(self.server, PATIENT_S if patient else TIMEOUT_S, 2 * PATIENT_S)

    def held(self) -> list[tuple[str, str]]:
        """The records that the person sees."""
        return [(record["collection"], record["id"]) for record in self.device.records()]

    def write(self, collection: str, record_id: str, fields: Mapping[str, Any] | None) -> None:
        """Set fields of a record that may be new, or delete (None) one that is there."""
        if fields is None:
            self.device.delete(collection, record_id)
        elif self.device.read(collection, record_id) is None:
            self.device.create(collection, fields, record_id)
        else:
            self.device.edit(collection, record_id, fields)

    def sync(self) -> Went:
        """One sync with everything that the device has to say and to fetch."""
        report = self.device.sync(
            lambda url, headers: self.send("GET", url, headers, None), self.trusted, _no_model,
            send=self.send, token=lambda _: self.token,
        )  # fmt: skip
        account = report.account
        assert account is not None
        return Went(_happened(report), _quiet(report), account.problem or report.catalog.problem)

    def dump(self) -> dict[str, Any]:
        """All that is compared in the end. Raises TransportError when the server does not tell its digest."""
        headers = {"Authorization": f"Bearer {self.token}"}
        with self.send("GET", "/v1/sync/digest?stream=account", headers, None) as answer:
            if answer.status != 200:
                raise TransportError(f"the server answered {answer.status} to a question for its digest")
            digest = orjson.loads(answer.read(1 << 20))["digest"]
        status = self.device.status()
        with replica.opened(self.device.directory) as db:
            kept, name = outbox.counts(db), replica.recall(db, "device")
        return {
            "device": name, "server_digest": digest, "records": self.device.records(),
            "pending": kept["pending"] + kept["acked"], "refused": kept["refused"],
            "release": status["release"], "catalog_digest": status["digest"],
        }  # fmt: skip


def _no_model(path: Path, golden: bytes) -> None:
    raise AssertionError(f"{path}: the torture publishes no model ({len(golden)} bytes of golden cases)")


def _happened(report: Report) -> list[str]:
    account = report.account
    assert account is not None
    names = {
        "synced": "syncs that ended",
        "failed": "syncs that failed",
        "waiting": "syncs put off by the server",
    }
    found = [names.get(account.outcome, account.outcome)]
    found += [f"fresh copies, because: {account.resync}"] if account.resync else []
    found += ["digests compared"] if account.checked else []
    found += ["catalogue releases let in"] if report.catalog.outcome == "applied" else []
    return found


def _quiet(report: Report) -> bool:
    account = report.account
    assert account is not None
    moved = account.accepted or account.received or account.refused or account.pending or account.resync
    return report.ok and account.outcome == "synced" and not moved and report.catalog.outcome == "unchanged"
