"""People with data: an account on a server of the tests, with a token, records, and every way in to its endpoints."""

import hashlib
import io
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, insert, text

from server.accounts.people import create_account
from server.accounts.tables import token_family
from server.auth import AUDIENCE, SCOPES, create_token_key, load_keys, sign_token, signing_key
from server.db import as_account, write
from sync.clock import tick
from sync.sealing import create_master
from sync.signing import create_key

DEVICE = "1f2e3d4c5b6a7988"
MODEL = "ab" * 32


@dataclass
class Person:
    """An account, and requests in its name. `roles` are what its tokens carry."""

    limber: Any
    account: uuid.UUID
    email: str
    roles: tuple[str, ...]
    family: uuid.UUID | None = None
    clock: str | None = None
    cursors: dict[str, Any] = field(default_factory=lambda: {"account": None})

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The response to a request with this person's token."""
        return self.limber.client.open(path, method=method, headers=self.bearer, **options)

    def ok(self, method: str, path: str, **options: Any) -> Any:
        """The body of an answer that must be 200."""
        response = self.call(method, path, **options)
        assert response.status_code == 200, response.json
        return response.json

    @property
    def bearer(self) -> dict[str, str]:
        """A token as `/oauth/token` gives it: of the grant `family`, if the person signed in."""
        settings, now = self.limber.settings, int(datetime.now(UTC).timestamp())
        claims = {
            "iss": settings.issuer, "aud": AUDIENCE, "sub": str(self.account), "client_id": "tests", "iat": now,
            "exp": now + 600, "jti": uuid.uuid4().hex, "scope": " ".join(SCOPES), "roles": list(self.roles),
        }  # fmt: skip
        if self.family is not None:
            claims["family"] = str(self.family)
        key = signing_key(load_keys(settings.token_key), settings.token_key)
        return {"Authorization": f"Bearer {sign_token(key, claims)}"}

    def signed_in(self, ago: timedelta = timedelta()) -> "Person":
        """The person after a sign-in so long ago."""
        at = datetime.now(UTC) - ago

        def work(conn: Connection) -> uuid.UUID:
            made = uuid.uuid4()
            row = {
                "id": made, "account": self.account, "client_id": "tests", "scope": "account", "auth_time": at,
                "amr": ["pwd"], "created_at": at, "used_at": at, "expires_at": at + timedelta(days=60),
            }  # fmt: skip
            conn.execute(insert(token_family).values(row))
            return made

        self.family = write(self.limber.engine, work)
        return self

    def patch(
        self, collection: str, record_id: str, fields: Mapping[str, Any] | None, ms: int | None = None
    ) -> Any:
        """A patch of this person's phone at its next clock; None deletes."""
        wall = int(datetime.now(UTC).timestamp() * 1000) if ms is None else ms
        self.clock = tick(self.clock, wall, DEVICE)
        what = {"delete": True} if fields is None else {"set": dict(fields)}
        return {"collection": collection, "id": record_id, "hlc": self.clock, **what}

    def sync(self, *patches: Any) -> list[Any]:
        """Push patches, all of which must be taken, and return what the server sends of other writers."""
        body = {"device": DEVICE, "protocol": 1, "cursors": self.cursors, "patches": list(patches)}
        answer = self.ok("POST", "/v1/sync", json=body)
        assert {each["status"] for each in answer["results"]} <= {"applied", "merged"}, answer["results"]
        self.cursors = {"account": answer["account"]["cursor"]}
        assert not answer["account"]["more"]
        changes: list[Any] = answer["account"]["changes"]
        return changes

    def session(self, at: datetime, outcomes: tuple[str, ...] = ("completed",), **changed: Any) -> Any:
        """A patch that logs a session of as many items."""
        name = str(uuid.uuid4())
        slots = [
            {"slug": f"march-{place}", "place": place, "propensity": 1.0, "explored": False, "outcome": outcome,
             "rating": None, "pain": 6 if outcome == "stopped_by_pain" else 0}
            for place, outcome in enumerate(outcomes)
        ]  # fmt: skip
        request = {"kind": "warmup", "activity": "run_distance", "budget_s": 720}
        data = {
            "id": name, "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "model": MODEL,
            "catalog": 1, "payload": {"request": request, "profile": {"conditions": ["asthma_of_the_test"]}},
            "rpe": 4, "completed_s": 600, "slots": slots,
        }  # fmt: skip
        return self.patch("session", name, data | changed)

    def export(self) -> bytes:
        """The account's archive."""
        response = self.call("GET", "/v1/account/export")
        assert response.status_code == 200, response.json
        return bytes(response.data)

    def take_in(self, archive: bytes) -> Any:
        """The response to an import."""
        return self.call("POST", "/v1/account/import", data=archive, content_type="application/zip")

    def see(self, query: str, **values: Any) -> list[Any]:
        """Rows, as the server's role sees them in a transaction of this account."""
        return as_account(
            self.limber.engine, self.account, lambda conn: list(conn.execute(text(query), values).all())
        )


def new_person(limber: Any, name: str = "Mia", *roles: str, password_hash: str | None = None) -> Person:
    """An account with its stream and its key, as a registration makes it."""
    settings = limber.settings
    create_token_key(settings.token_key)
    if not settings.master_key.exists():
        create_master(settings.master_key)
    if not settings.signing_key.exists():
        create_key(settings.signing_key)
    email, now = f"{name.lower()}.{uuid.uuid4().hex[:8]}@example.org", datetime.now(UTC)

    def work(conn: Connection) -> uuid.UUID:
        return create_account(
            conn, email=email, password_hash=password_hash, name=name, verified_at=now, now=now
        )

    return Person(limber, write(limber.engine, work), email, ("member", *roles))


def fill(person: Person) -> None:
    """Something in every collection that a device writes, deleted things and fields of several clocks too."""
    now = datetime.now(UTC)
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kept, gone = str(uuid.uuid4()), str(uuid.uuid4())
    person.sync(
        person.patch("profile", "me", {"level": "trained", "conditions": ["osteoporosis"], "birth_year": 1990}),
        person.patch("profile", "me", {"level": "beginner", "from_a_newer_app": {"nested": [1, 2.5, None]}}),
        person.patch("preferences", "app", {"locale": "de-AT", "volume": 60}),
        person.patch("preferences", "training", {"training_consent": {"version": 1, "at": at}}),
        person.patch("assessment", str(uuid.uuid4()),
                     {"test": "knee_to_wall", "at": at, "side": "left", "unit": "cm", "value": 9.5, "pain": 2}),
        person.patch("routine", kept, {"title": "=SUM(A1:A9)", "favourite": True, "notes": "for the knee"}),
        person.patch("routine", gone, {"title": "not this one", "order": 3}),
        person.patch("routine", gone, None),
        person.patch("exercise_pref", "march-in-place", {"rating": -1, "excluded": True}),
        person.patch("feedback", str(uuid.uuid4()), {"at": at, "about": "session", "pain": 5, "notes": "left knee"}),
        person.session(now, ("completed", "skipped", "stopped_by_pain")),
        person.session(now - timedelta(days=2), ("completed", "completed"), rpe=None),
    )  # fmt: skip


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of a ZIP, in its order."""
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def records(archive: bytes) -> dict[str, list[Any]]:
    """The records of an export by collection."""
    return {
        name.removeprefix("records/").removesuffix(".jsonl"): [
            orjson.loads(line) for line in body.splitlines()
        ]
        for name, body in unpacked(archive).items()
        if name.startswith("records/")
    }


def packed(files: Mapping[str, bytes]) -> bytes:
    """A ZIP of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


def resealed(files: dict[str, bytes]) -> bytes:
    """An archive whose manifest fits its files, as somebody makes it who wants it believed."""
    manifest = orjson.loads(files["manifest.json"])
    manifest["files"] = [
        {"name": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in files.items()
        if name != "manifest.json"
    ]
    return packed({**files, "manifest.json": orjson.dumps(manifest)})


def invited(member: Person) -> str:
    code: str = member.ok("POST", "/v1/account/physios")["code"]
    return code


def linked(member: Person, physio: Person) -> str:
    """Path of a link in force, as the physio has it."""
    return "/v1/physio/links/" + physio.ok("POST", "/v1/physio/links", json={"code": invited(member)})["id"]


def acts(member: Person) -> list[tuple[str, str]]:
    """What was done under the member's newest link, the oldest first."""
    newest = member.ok("GET", "/v1/account/physios")["links"][0]
    return [(act["actor"], act["action"]) for act in reversed(newest["acts"])]
