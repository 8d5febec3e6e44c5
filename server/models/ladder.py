"""The releases of models with who they are for, newest first: what every decision about them is made on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from server.models import STREAM, Version
from server.models.tables import model_rollout
from sync import tables
from sync.releases import Release


@dataclass(frozen=True, slots=True)
class Rolled:
    """A release and who it is for."""

    release: Release
    salt: str
    share: int
    min_app: Version
    evaluation: dict[str, Any] | None
    halted_at: datetime | None

    @property
    def number(self) -> int:
        return self.release.number

    @property
    def sha256(self) -> str:
        return self.release.object_sha256

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = self.release.manifest["manifest"]
        return found


def releases(conn: Connection, channel: str | None = None) -> list[Rolled]:
    """Every model release, of one channel or of all, newest first."""
    r, m = tables.release.c, model_rollout.c
    rows = select(tables.release, m.salt, m.share, m.min_app, m.evaluation, m.halted_at).join(
        model_rollout, r.number == m.number
    )
    rows = rows.where(r.stream == STREAM).order_by(r.number.desc())
    found = []
    for row in conn.execute(rows if channel is None else rows.where(r.channel == channel)):
        fields = row._asdict()
        rollout = {name: fields.pop(name) for name in ("salt", "share", "min_app", "evaluation", "halted_at")}
        found.append(Rolled(Release(**fields), **rollout | {"min_app": tuple(rollout["min_app"])}))
    return found
