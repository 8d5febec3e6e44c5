"""What the tests of shipping share: files that need not be models, a fleet of devices, reports."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from server.models import Ask, newest_model, version
from server.models.health import Thresholds
from sync.canonical import sha256_hex
from sync.device_model import CONTRACT
from sync.health import BUCKETS, COUNTS
from sync.releases import Release
from sync.transport import Response, Send

NOW = datetime.now(UTC)
LENIENT = Thresholds(0, 1.0, 1.0, float("inf"), 1.0)


def devices(count: int) -> list[str]:
    return [f"install-{number:06d}" for number in range(count)]


def facts(limber: Any, body: bytes, contract: int = CONTRACT) -> dict[str, Any]:
    """What admission would say of a file."""
    golden = b'{"cases":[]}'
    limber.store.put_if_absent(f"models/{sha256_hex(body)}.onnx", body, "application/octet-stream")
    return {
        "sha256": sha256_hex(body), "bytes": len(body), "contract": contract, "opset": 17, "ir": 8,
        "operators": ["Add"], "golden": {"sha256": sha256_hex(golden), "bytes": len(golden)},
        "catalog_min": 1, "catalog_max": None,
    }  # fmt: skip


def released(limber: Any, body: bytes, **wish: Any) -> Release:
    """A release of `body`, evaluated, in stable unless said otherwise."""
    release: Release = limber.publish_model(body, **wish)
    return release


def offered(limber: Any, channel: str = "stable", device: str | None = None, app: str = "0") -> int | None:
    """Number of the release that a device is offered."""
    with limber.engine.connect() as conn:
        found = newest_model(conn, Ask(channel, device=device, app=version(app)))
    return None if found is None else found.number


def reached(limber: Any, fleet: list[str], **ask: Any) -> dict[str, int | None]:
    """{device: number of the release that it is offered}."""
    found = {}
    with limber.engine.connect() as conn:
        for device in fleet:
            release = newest_model(conn, Ask(device=device, **ask))
            found[device] = None if release is None else release.number
    return found


def health_report(
    release: Release | str, slow: int = 0, report_id: str | None = None, **counts: int
) -> dict[str, Any]:
    """A device's report: all its runs take up to 5 ms, but for `slow` ones that take more than a second."""
    latency = [0] * BUCKETS
    latency[3] = counts.get("runs", 0) - slow
    latency[-1] = slow
    which = ("sha256", release), ("channel", "stable")
    if isinstance(release, Release):
        which = ("sha256", release.object_sha256), ("channel", release.channel)
    model: dict[str, Any] = {**dict(which), "latency": latency}
    model |= dict.fromkeys(COUNTS, 0) | counts
    return {"id": report_id or str(uuid.uuid4()), "models": [model]}


def sender(limber: Any) -> Send:
    """The server's test client as what an engineer's machine sends requests with."""

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        answer = limber.app.test_client().open(url, method=method, headers=dict(headers), data=body)
        received = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, received, iter([answer.data]))

    return send
