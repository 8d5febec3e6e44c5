"""`GET /healthz` (the process lives) and `GET /readyz` (it can serve)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import marshmallow as ma
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Response
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from server.access import public
from server.db import read
from server.problems import is_outage, problem
from server.replication.schemas import NoQuery
from server.state import state
from server.telemetry import log
from server.web import Blueprint, json_response, problems_of
from sync.releases import current_release

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
FRESH = {"Cache-Control": "no-store"}

blp = Blueprint("health", __name__, description="For supervisors and load balancers")


class Health(ma.Schema):
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(["ok"]))


class Readiness(Health):
    checks = ma.fields.Dict(required=True, keys=ma.fields.String(), values=ma.fields.String())


@cache
def newest_migration() -> str:
    """The revision that the code was written for."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    head = ScriptDirectory.from_config(config).get_current_head()
    assert head is not None
    return head


def checks(conn: Connection) -> dict[str, str]:
    """ "ok" or what is wrong, for migrations and release."""
    known = conn.exec_driver_sql("SELECT to_regclass('alembic_version') IS NOT NULL").scalar_one()
    if not known:
        return {"migrations": "the database has no tables yet", "release": "unknown"}
    found = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    if list(found) != [newest_migration()]:
        at = ", ".join(found) or "nothing"
        return {"migrations": f"at {at}, expected {newest_migration()}", "release": "unknown"}
    published = current_release(conn, "catalog") is not None
    return {"migrations": "ok", "release": "ok" if published else "no catalogue release is published"}


@blp.route("/healthz")
@public(blp)
@blp.doc(operationId="getHealth", summary="The process is alive")
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Health)
def healthz(_: dict[str, Any]) -> Response:
    """Alive, whatever the database does."""
    return json_response({"status": "ok"}, FRESH)


@blp.route("/readyz")
@public(blp)
@blp.doc(
    operationId="getReadiness", summary="The server can answer", description="Names the check that failed."
)
@blp.arguments(NoQuery(), location="query")
@blp.response(200, Readiness)
@problems_of(blp, 503)
def readyz(_: dict[str, Any]) -> Response:
    """Database reachable, migrations at head, a release published."""
    try:
        found = {"database": "ok", **read(state().engine, checks)}
    except SQLAlchemyError as error:
        if not is_outage(error):
            raise
        log.error("database_unavailable", error=str(getattr(error, "orig", error)).strip())
        found = {"database": "cannot be reached", "migrations": "unknown", "release": "unknown"}
    failed = [f"{name}: {verdict}" for name, verdict in found.items() if verdict not in {"ok", "unknown"}]
    if failed:
        return problem(503, f"Not ready. {'; '.join(failed)}.", headers={"Retry-After": "5"}, checks=found)
    return json_response({"status": "ok", "checks": found}, FRESH)
