"""What is out there: releases, channels, health and the audit trail, as JSON values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from server.models import FULL
from server.models.audit import trail
from server.models.health import WINDOW, rates, sums
from server.models.ladder import Rolled, releases
from server.models.schemas import CHANNELS
from sync.health import COUNTS


def status(conn: Connection, now: datetime) -> dict[str, Any]:
    """{"channels", "releases", "health", "audit"}, newest first; health of the last 28 days."""
    found = releases(conn)
    return {
        "channels": [_channel(name, found) for name in CHANNELS],
        "releases": [_release(each, found, now) for each in found],
        "health": [
            {"sha256": sha256, "channel": channel, "reports": counted["reports"], "days": counted["days"]}
            | {name: counted[name] for name in COUNTS}
            | {"rates": {name: _finite(rate) for name, rate in rates(counted).items()}}
            for (sha256, channel), counted in sorted(sums(conn, now - WINDOW).items())
        ],
        "audit": trail(conn),
    }


def _finite(rate: float | None) -> float | None:
    """JSON has no infinity: slower than the last bucket is shown as a number no phone would reach."""
    return None if rate is None else min(rate, 1e9)


def _channel(name: str, others: list[Rolled]) -> dict[str, Any]:
    """`newest` is what `expected` is compared with; `serving` are the releases that some device is offered."""
    mine = [each for each in others if each.release.channel == name]
    return {
        "channel": name,
        "newest": mine[0].number if mine else 0,
        "serving": [each.number for each in mine if _state(each, others) == "serving"],
    }


def _state(each: Rolled, others: list[Rolled]) -> str:
    """halted, superseded (every device that could take it is offered a newer one), or serving."""
    if each.halted_at is not None:
        return "halted"
    for newer in others:
        covers = newer.share == FULL and newer.min_app <= each.min_app and newer.halted_at is None
        same = (newer.release.channel, newer.manifest["contract"]) == (
            each.release.channel,
            each.manifest["contract"],
        )
        if (
            newer.number > each.number
            and covers
            and same
            and newer.manifest["opset"] <= each.manifest["opset"]
        ):
            return "superseded"
    return "serving"


def _release(each: Rolled, others: list[Rolled], now: datetime) -> dict[str, Any]:
    manifest = each.manifest
    return {
        "release": each.number,
        "channel": each.release.channel,
        "sha256": each.sha256,
        "bytes": each.release.object_bytes,
        "contract": manifest["contract"],
        "state": _state(each, others),
        "percent": each.share / 100,
        "min_app": ".".join(map(str, each.min_app)),
        "evaluated": bool(manifest.get("evaluated", False)),
        "key_id": each.release.manifest["key_id"],
        "published_at": each.release.published_at.isoformat(),
        "expires_at": manifest["expires_at"],
        "expired": datetime.fromisoformat(manifest["expires_at"]) <= now,
        "halted_at": each.halted_at.isoformat() if each.halted_at else None,
    }
