"""One sync of a device: in one round trip when it is signed in and the server offers that, else by GET."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sync import device_catalog, device_health, device_model, device_trust, outbox, replica
from sync.answers import Refused
from sync.device_account import (
    AccountReport,
    Later,
    NotOffered,
    SignInNeeded,
    Token,
    Trip,
    UpdateNeeded,
    Wire,
)
from sync.device_catalog import CatalogReport, Pull
from sync.device_clock import Entropy
from sync.device_model import CheckModel, ModelReport
from sync.signing import KeyInvalid, SignatureInvalid
from sync.transport import Send, Transport, TransportError

PROBLEMS = (Refused, SignatureInvalid, KeyInvalid, TransportError, OSError, sqlite3.OperationalError)


@dataclass
class Report:
    """What one sync did. `pinned`: ids of keys trusted from now on because they were the first ones seen.

    `health`: what became of the counters of how the models do: none, sent, kept, refused. `account` is None for a
    device that is not signed in.
    """

    catalog: CatalogReport
    model: ModelReport
    pinned: list[str]
    health: str = "none"
    account: AccountReport | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        account = self.account is None or self.account.outcome in ("synced", "waiting")
        return account and "failed" not in (self.catalog.outcome, self.model.outcome)


@dataclass(frozen=True)
class Asked:
    """What a sync was asked to do; see `Device.sync`."""

    transport: Transport
    check_model: CheckModel
    trusted: Mapping[str, str] | None
    runtime: Mapping[str, str]
    page_limit: int | None
    send: Send | None
    token: Token | None
    if_due: bool


def sync(
    db: sqlite3.Connection, models: Path, asked: Asked, clock: Callable[[], datetime], entropy: Entropy
) -> Report:
    """Bring everything up to date."""
    now = clock()
    signed_in = (
        asked.token is not None and asked.send is not None and replica.recall(db, "account") is not None
    )
    account: AccountReport | None = None
    early = _early(db, now, asked.if_due)
    if early and (signed_in or asked.if_due):
        if signed_in:
            account = AccountReport("waiting", pending=outbox.counts(db)["pending"], next_sync_after_s=early)
        skipped = device_model.report(device_model.recall(db), "skipped")
        return Report(device_catalog.held_report(db, "unchanged"), skipped, [], account=account)
    if asked.trusted:
        device_trust.hand_over(db, asked.trusted)
    held = device_trust.held(db)
    pinned: list[str] = []
    keys: device_trust.Keys = {}

    def pin() -> None:
        if held is None:
            replica.remember(db, "pins", dict(keys))
            pinned[:] = sorted(keys)

    problem: Exception | None = None
    try:
        keys = device_trust.first_keys(asked.transport) if held is None else held.at(now)
    except PROBLEMS as error:
        problem = error
    trip = None
    if (
        signed_in
        and asked.send is not None
        and asked.token is not None
        and not isinstance(problem, TransportError)
    ):
        wire = Wire(asked.send, asked.token, entropy)
        pull = None if problem else Pull(db, asked.transport, keys, now, pin)
        wish, health = device_model.wish(db, models, asked.runtime), device_health.pending(db)
        trip = Trip(db, wire, lambda: int(clock().timestamp() * 1000), pull, wish, health, asked.page_limit)
        account, failed = _account(trip, now)
        problem = problem or failed
    catalog = _catalog(db, asked, keys, now, pin, trip, problem)
    if isinstance(problem, TransportError | Later) or catalog.release is None:
        model = device_model.report(device_model.recall(db), "skipped")
    else:
        model = _model(db, models, asked, keys, now, pin, trip)
    report = Report(catalog, model, pinned, account=account)
    report.health = _health(db, asked, trip, problem)
    if signed_in and account is None:
        report.account = AccountReport("failed", pending=outbox.counts(db)["pending"], problem=str(problem))
    if report.ok:
        replica.remember(db, "last_sync", clock().isoformat())
    return report


def _account(trip: Trip, now: datetime) -> tuple[AccountReport | None, Exception | None]:
    """Let the account sync. What kept it from ending comes second, if that concerns the catalogue as well."""
    report = trip.report
    failed: Exception | None = None
    try:
        trip.run()
    except NotOffered:
        report.outcome, report.problem = "failed", "the server does not sync accounts"
    except Later as later:
        report.outcome, report.problem, failed = "waiting", str(later), later
        _come_again(trip.db, now, later.seconds, hard=True)
    except SignInNeeded as error:
        report.outcome, report.problem = "sign_in", str(error)
    except UpdateNeeded as error:
        report.outcome, report.problem = "update", str(error)
    except PROBLEMS as error:
        report.outcome, report.problem = "failed", str(error)
        failed = error if isinstance(error, TransportError) else None
    else:
        if report.next_sync_after_s is not None:
            _come_again(trip.db, now, report.next_sync_after_s, hard=False)
    report.pending = outbox.counts(trip.db)["pending"]
    return report, failed


def _catalog(
    db: sqlite3.Connection,
    asked: Asked,
    keys: device_trust.Keys,
    now: datetime,
    pin: Callable[[], None],
    trip: Trip | None,
    problem: Exception | None,
) -> CatalogReport:
    """The catalogue as the round trip brought it; by GET where it brought none."""
    if trip is not None and trip.catalog is not None:
        return trip.catalog
    if isinstance(problem, Later):
        return device_catalog.held_report(db, "unchanged")
    refused = trip.catalog_problem if trip is not None else None
    # A signature that does not fit may be by a key that newer statements name: that way asks for them.
    problem = problem or (None if isinstance(refused, SignatureInvalid) else refused)
    if problem is None:

        def pull(trusted_now: device_trust.Keys) -> CatalogReport:
            return device_catalog.pull(db, asked.transport, trusted_now, now, asked.page_limit, pin)

        try:
            return device_trust.with_fresh_keys(db, asked.transport, keys, now, pull)
        except PROBLEMS as error:
            problem = error
    return device_catalog.held_report(db, "failed", str(problem))


def _model(
    db: sqlite3.Connection,
    models: Path,
    asked: Asked,
    keys: device_trust.Keys,
    now: datetime,
    pin: Callable[[], None],
    trip: Trip | None,
) -> ModelReport:
    """The model that the round trip offered; asked for by GET where there was none."""
    held = device_trust.held(db)
    keys = keys if held is None else held.at(now)  # the catalogue's pull may have followed a statement
    told = trip is not None and trip.told
    if trip is not None and told and trip.model is None:
        known = device_model.recall(db)
        return device_model.report(known, "unchanged" if known["current"] else "none")

    def update(trusted_now: device_trust.Keys) -> ModelReport:
        if trip is not None and told:
            return device_model.accept(
                db, models, asked.transport, trip.model, trusted_now, asked.check_model, now, asked.runtime,
                on_accept=pin,
            )  # fmt: skip
        return device_model.update(
            db, models, asked.transport, trusted_now, asked.check_model, now, asked.runtime, on_accept=pin
        )

    try:
        return device_trust.with_fresh_keys(db, asked.transport, keys, now, update)
    except PROBLEMS as error:
        return replace(device_model.report(device_model.recall(db), "failed"), problem=str(error))


def _health(db: sqlite3.Connection, asked: Asked, trip: Trip | None, problem: Exception | None) -> str:
    """What became of the counters."""
    if trip is not None and (trip.health_outcome != "kept" or isinstance(problem, TransportError | Later)):
        return trip.health_outcome
    if asked.send is None:
        return "none"
    try:
        return device_health.report(db, asked.send)
    except TransportError:
        return "kept"


def _come_again(db: sqlite3.Connection, now: datetime, seconds: int, *, hard: bool) -> None:
    at = now + timedelta(seconds=seconds)
    replica.remember(db, "next_sync", {"since": now.isoformat(), "at": at.isoformat(), "hard": hard})


def _early(db: sqlite3.Connection, now: datetime, if_due: bool) -> int:
    """Seconds until the server wants to hear from us; 0: now. Asking again too soon is refused only `hard`.

    A wall clock that went back behind the answer says nothing.
    """
    known: dict[str, Any] | None = replica.recall(db, "next_sync")
    if known is None or not (known["hard"] or if_due) or now < datetime.fromisoformat(known["since"]):
        return 0
    return max(0, round((datetime.fromisoformat(known["at"]) - now).total_seconds()))
