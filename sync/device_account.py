"""The round trip of a device that is signed in: `POST /v1/sync` until nothing waits and nothing more comes.

Everything an answer brings for the account goes into one transaction: what became of the patches, the rows, the cursor.
The server leaves rows out that it knows us to hold; were we killed between two halves of an answer, it would be wrong.
"""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
import zstandard

from sync import account_copy, answers, device_clock, outbox, replica
from sync.account_copy import Place
from sync.answers import Refused, Synced
from sync.canonical import catalog_digest
from sync.device_catalog import CatalogReport, Pull
from sync.device_clock import Entropy
from sync.signing import SignatureInvalid
from sync.transport import Send, TransportError

PROTOCOL = 1
URL, DIGEST_URL = "/v1/sync", "/v1/sync/digest?stream=account"
CHECK_EVERY = 20
"""Syncs between two comparisons of the whole copy's digest with the server's."""
_MAX_ROUNDS = 10_000
_MAX_AHEAD = 3
_COMPRESS_FROM = 1 << 10
_LATER_S = 60
_LONGEST_S = 86_400

Token = Callable[[bool], str]
"""Gives an access token, a new one if told so. Raises SignInNeeded or TransportError."""


class SignInNeeded(Exception):
    """The server does not know this device's account any more; the person has to sign in."""


class Later(Exception):
    """The server wants to be left alone for `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"the server asks to come again in {seconds} s")
        self.seconds = seconds


class UpdateNeeded(Exception):
    """The server speaks to this version no more; the message is the server's, for the person."""


class NotOffered(Exception):
    """The server has no `/v1/sync`."""


class _Unfit(Exception):
    """The server cannot use a part of the request; `fields` names what."""

    def __init__(self, status: int, fields: list[str], detail: str) -> None:
        super().__init__(f"the server answered {status} to {URL}: {detail or 'no reason given'}")
        self.status, self.fields = status, fields


@dataclass
class AccountReport:
    """What a sync did with the account's records. `outcome`: synced, failed, waiting (too early), sign_in, update.

    `accepted` and `refused` count patches, `received` rows, `pending` what still waits; `resync` is why the copy was
    fetched anew; `problem` is set unless synced: what was written here then waits for the next sync.
    """

    outcome: str = "synced"
    accepted: int = 0
    refused: int = 0
    received: int = 0
    pending: int = 0
    resync: str | None = None
    checked: bool = False
    problem: str | None = None
    next_sync_after_s: int | None = None
    live: str | None = None


@dataclass
class Wire:
    """How requests of an account go out: with a token, an id of their own, compressed when it pays."""

    send: Send
    token: Token
    entropy: Entropy

    def call(self, method: str, url: str, body: Any = None) -> Any:
        """The JSON answered with 200. Raises TransportError, Refused and what this module names for other answers."""
        request = self.entropy(12).hex()
        asked = None if body is None else body | {"request": request}
        status, said = self._call(method, url, asked, request, self.token(False))
        if status == 401:
            status, said = self._call(method, url, asked, request, self.token(True))
        if status == 401:
            raise SignInNeeded("the server does not accept this device's sign-in; sign in again")
        if status != 200:
            raise _problem(status, said, url)
        answer = answers.parse_json(said)
        if asked is not None and answers.member(answer, "request", str) != request:
            # A late answer to an earlier request would acknowledge what was never received.
            raise TransportError("the answer is not to what was asked")
        return answer

    def _call(self, method: str, url: str, body: Any, request: str, token: str) -> tuple[int, bytes]:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}", "X-Request-ID": request}
        content = None
        if body is not None:
            content = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
            if len(content) >= _COMPRESS_FROM:
                content, headers["Content-Encoding"] = zstandard.compress(content), "zstd"
        with self.send(method, url, headers, content) as response:
            said = response.read(answers.MAX_BODY)
            if response.status in (429, 503):
                wait = response.headers.get("retry-after", "")
                raise Later(min(int(wait), _LONGEST_S) if re.fullmatch(r"[0-9]{1,9}", wait) else _LATER_S)
            return response.status, said


def _problem(status: int, said: bytes, url: str) -> Exception:
    try:
        body = orjson.loads(said)
    except orjson.JSONDecodeError:
        body = None
    body = body if isinstance(body, dict) else {}
    detail = str(body.get("detail") or "")[:500]
    if status == 426:
        return UpdateNeeded(detail or "this version is too old to sync; update it")
    if status == 404 and url == URL:
        return NotOffered()
    if status in (413, 422):
        errors = body.get("errors")
        return _Unfit(status, sorted(errors) if isinstance(errors, dict) else [], detail)
    return Refused(f"the server answered {status} to {url.partition('?')[0]}{': ' if detail else ''}{detail}")


@dataclass
class Trip:
    """One sync of the account; afterwards `report`, `catalog` and `model` say what came.

    `wall_ms` gives the wall clock, milliseconds since 1970. `pull` takes the catalogue out of the same answers:
    its failure, kept in `catalog_problem`, does not keep the account waiting. `wish` asks for a model; `told` says that
    the server has looked for one, and `model` is its offer. `health` is a report to send along.
    """

    db: sqlite3.Connection
    wire: Wire
    wall_ms: Callable[[], int]
    pull: Pull | None = None
    wish: dict[str, Any] | None = None
    health: Mapping[str, Any] | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        self.report = AccountReport()
        self.catalog: CatalogReport | None = None
        self.catalog_problem: Exception | None = None
        self.model: dict[str, Any] | None = None
        self.told = False  # whether the server looked for a model
        self.health_outcome = "none" if self.health is None else "kept"
        self._device = device_clock.device_id(self.db, self.wire.entropy)
        self._most, self._ahead, self._resyncs, self._bad = outbox.BATCH, 0, 0, 0

    def run(self) -> None:
        """Sync. Raises Refused, TransportError, SignInNeeded, Later, UpdateNeeded, NotOffered."""
        self._rounds()
        same = self._check()
        if same is False:
            self._begin_again("digest")
            self._rounds()
            same = self._check()
            if same is False:
                raise Refused("the records that came are not the ones that the server's digest is of")
        if same or self._count():
            replica.remember(self.db, "account_sync", (self._count() + 1) % CHECK_EVERY)

    def _rounds(self) -> None:
        for _ in range(_MAX_ROUNDS):
            where = account_copy.place(self.db)
            # What is pending may have to be completed by what the copy shows, so a whole copy comes first.
            sent = [] if where.full else outbox.batch(self.db, self._most)
            try:
                body = self.wire.call("POST", URL, self._request(where, sent))
                answer = answers.synced(body, [entry.id for entry in sent])
            except _Unfit as unfit:
                self._mend(unfit, where, sent)
                continue
            complete = self._take(where, sent, answer)
            self._rest(answer)
            if complete and self.pull is None and not outbox.counts(self.db)["pending"]:
                return
        raise Refused("the server's answer never ends")

    def _request(self, where: Place, sent: list[outbox.Entry]) -> dict[str, Any]:
        cursors = {"account": where.cursor} | ({"catalog": self.pull.cursor} if self.pull else {})
        request: dict[str, Any] = {"device": self._device, "protocol": PROTOCOL, "cursors": cursors}
        request["patches"] = [entry.patch() for entry in sent]
        extras = {"model": self.wish, "health": self.health, "limit": self.limit}
        return request | {name: value for name, value in extras.items() if value is not None}

    def _take(self, where: Place, sent: list[outbox.Entry], answer: Synced) -> bool:
        """Let the account's part of an answer in, all at once; True at a complete checkpoint."""
        db, page, report = self.db, answer.account, self.report
        if page is None:
            raise Refused("the server's answer lacks the account")
        wall = self.wall_ms()
        deferred = any(result.status == "deferred" for result in answer.results)
        with replica.transaction(db):
            device_clock.learn(db, answer.server_ms, wall)
            device_clock.witness(db, [hlc for *_, hlc in page.rows])
            reason = page.resync or ("pruned" if deferred else None)
            if reason is not None:
                where = account_copy.start_over(db, reason)
            before = outbox.counts(db)["refused"]
            outbox.settle(db, sent, answer.results, answer.server_ms, wall, self._device)
            report.refused += outbox.counts(db)["refused"] - before
            if reason is None or page.resync is not None:
                if page.more and page.cursor == where.cursor:
                    raise Refused("the server's answer leads nowhere: it says there is more, but not where")
                account_copy.stage(db, page.rows)
                where = replace(where, cursor=page.cursor)
            complete = not page.more and where.cursor is not None
            if complete:
                report.received += account_copy.checkpoint(db, where, wall, self._device)
                if where.full:
                    replica.remember(db, "account_sync", None)  # compare digests
                where = Place(where.cursor, full=False)
            account_copy.go_to(db, where)
        report.accepted += sum(result.status in ("applied", "merged", "stale") for result in answer.results)
        report.resync = reason or report.resync
        report.next_sync_after_s, report.live = answer.next_after_s, answer.live
        self._resyncs += reason is not None
        self._ahead += any(r.error and r.error["code"] == "clock_ahead" for r in answer.results)
        if self._resyncs > 3:
            raise Refused("the server asks to start over again and again")
        if self._ahead > _MAX_AHEAD:
            raise Refused("the server calls our clock wrong whatever it is set to")
        return complete

    def _rest(self, answer: Synced) -> None:
        """Catalogue, model and health of an answer."""
        if self.wish is not None:
            self.model, self.wish, self.told = answer.model, None, True
        if self.health is not None and answer.counted:
            replica.remember(self.db, "health_report", None)
            self.health, self.health_outcome = None, "sent"
        if self.pull is None:
            return
        try:
            if answer.catalog is None:
                self.catalog = CatalogReport("none") if self.pull.held is None else self.pull.unchanged()
            elif self._current(answer.catalog):
                self.catalog = self.pull.unchanged()
            else:
                self.catalog = self.pull.take(answer.catalog)
        except (Refused, SignatureInvalid, TransportError) as error:
            self.catalog_problem, self.pull = error, None
        if self.catalog is not None:
            self.pull = None

    def _current(self, page: answers.Page) -> bool:
        """Whether the server says that the release held is the newest: it does not repeat the manifest then."""
        held = self.pull and self.pull.held
        nothing = not (page.rows or page.more or page.resync or page.release)
        return bool(held and nothing and page.cursor == held["cursor"])

    def _mend(self, unfit: _Unfit, where: Place, sent: list[outbox.Entry]) -> None:
        """Leave out of the next request what the server cannot use; raises Refused when that is the request itself."""
        fields = {field.partition(".")[0]: field for field in unfit.fields}
        self._bad += 1
        if unfit.status == 413 and len(sent) > 1:
            self._most = len(sent) // 2
        elif unfit.status == 413 and sent:
            error = {
                "code": "too_large",
                "field": "",
                "detail": "The server takes no change as large as this one.",
            }
            with replica.transaction(self.db):
                outbox.set_aside(self.db, sent[0].hlc, error)
            self.report.refused += 1
            self._most = outbox.BATCH
        elif self._bad > 20:
            raise Refused(str(unfit))
        elif fields.get("cursors") == "cursors.account" and where.cursor is not None:
            self._begin_again("cursor")
        elif fields.get("cursors") == "cursors.catalog" and self.pull and self.pull.bad_cursor():
            pass
        elif "health" in fields and self.health is not None:
            replica.remember(self.db, "health_report", None)
            self.health, self.health_outcome = None, "refused"
        elif "model" in fields and self.wish is not None:
            self.wish = None
        else:
            raise Refused(str(unfit))

    def _begin_again(self, reason: str) -> None:
        with replica.transaction(self.db):
            account_copy.go_to(self.db, account_copy.start_over(self.db, reason))
        self.report.resync = reason

    def _count(self) -> int:
        return int(replica.recall(self.db, "account_sync") or 0)

    def _check(self) -> bool | None:
        """Compare our copy with the server's digest when it is time; None when it cannot be said this time."""
        if self._count():
            return None
        try:
            body = self.wire.call("GET", DIGEST_URL)
        except (TransportError, Later):
            return None
        with replica.snapshot(self.db):
            same_place = answers.member(body, "cursor", str) == account_copy.place(self.db).cursor
            same = catalog_digest(account_copy.digests(self.db)) == answers.member(body, "digest", str)
        self.report.checked = same_place
        return same if same_place else None
