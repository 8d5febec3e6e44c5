"""Publish, promote, halt, roll back: every change of what devices get, each in the caller's transaction.

A release is never altered: its manifest is signed. What can change beside it is its share of devices, which only grows,
and whether it is halted. Publishers of one moment wait for each other at the stream's lock; whoever decided on an older
state than the one found (`expected`) is told.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

from server.models import FIRST_APP, FULL, STREAM, Version
from server.models.audit import audited, last_word
from server.models.health import Thresholds, doubts
from server.models.ladder import Rolled, releases
from server.models.tables import model_rollout
from sync.releases import Release, next_number, record_release
from sync.signing import SigningKey, sign

LIFETIME = timedelta(days=365)
# What a manifest says of the files; the rest it says of the release.
FILE_MEMBERS = (
    "sha256", "bytes", "contract", "opset", "ir", "operators", "golden", "catalog_min", "catalog_max", "evaluated",
)  # fmt: skip


class Refused(ValueError):
    """This cannot be done as asked; `field` says what to change."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Outpaced(RuntimeError):
    """Somebody else changed the channel first; `found` says what, who and when."""

    def __init__(self, channel: str, found: dict[str, Any]) -> None:
        who = f"{found['actor']} at {found['at']}" if found.get("actor") else "somebody"
        super().__init__(f"channel {channel} has moved on to release {found['release']}, by {who}")
        self.found = found


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, when, and why."""

    actor: str
    now: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a channel. `share` in ten-thousandths; `expected`: the newest release of the channel when
    this was decided (0: none), or None to take whatever is found; `force`: go on in spite of doubts.
    """

    channel: str
    share: int = FULL
    min_app: Version | None = None
    expected: int | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The release that stands now, None where there is none; `changed` is False when it stood so before."""

    release: Release | None
    changed: bool = True
    notes: list[str] = field(default_factory=list)


def publish(
    conn: Connection,
    key: SigningKey,
    files: Mapping[str, Any],
    evaluation: dict[str, Any] | None,
    wish: Wish,
    by: By,
) -> Done:
    """Release two files, stored and checked before, in a channel.

    `files` holds FILE_MEMBERS without `evaluated`. Without `force` that is canary, or any channel that has none of its
    contract yet: there is nothing that it could be worse than. Publishing what the channel serves already changes
    nothing, so a lost answer may be asked for again.
    """
    number = next_number(conn, STREAM)
    held = releases(conn, wish.channel)
    head = held[0] if held else None
    same = head is not None and (head.sha256, head.manifest["golden"]) == (files["sha256"], files["golden"])
    if head is not None and same and head.halted_at is None:
        return Done(head.release, changed=False)
    _as_expected(conn, wish, held)
    rivals = [each for each in held if each.manifest["contract"] == files["contract"]]
    if not wish.force:
        if wish.channel != "canary" and rivals:
            raise Refused(
                "channel", f"channel {wish.channel} gets new models by promotion: publish to canary"
            )
        if stopped := _halted(conn, files["sha256"]):
            raise Refused("model", stopped)
    made = {**files, "evaluated": evaluation is not None}
    min_app = wish.min_app or FIRST_APP
    release = _issue(conn, key, number, wish.channel, made, by.now, wish.share, min_app, evaluation)
    audited(conn, by.actor, "publish", by.reason, by.now, _facts(release, head, share=wish.share))
    return Done(release)


def promote(
    conn: Connection, key: SigningKey, source: int | None, wish: Wish, limits: Thresholds, by: By
) -> Done:
    """Bring a canary release to a channel, or its release there to more devices.

    `source` is the number of a release, by default the newest of canary. Without `force` it is refused when there was
    no evaluation or devices report worse than `limits`. Devices outside of the share keep what they had.
    """
    number = next_number(conn, STREAM)
    held = releases(conn, wish.channel)
    from_ = _wanted(conn, source)
    rivals = [each for each in held if each.manifest["contract"] == from_.manifest["contract"]]
    head = rivals[0] if rivals else None
    raised = head if head is not None and head.sha256 == from_.sha256 and head.halted_at is None else None
    if raised is not None and raised.share == wish.share and wish.min_app in (None, raised.min_app):
        return Done(raised.release, changed=False)
    _as_expected(conn, wish, held)
    if raised is None and from_.release.channel == wish.channel:
        raise Refused("release", f"release {from_.number} is no longer the newest of channel {wish.channel}")
    before = next((r for r in rivals if r.sha256 != from_.sha256 and r.halted_at is None), None)
    found = doubts(conn, from_.sha256, before.sha256 if before else None, limits, by.now)
    if stopped := _halted(conn, from_.sha256):
        found.insert(0, stopped)
    if rivals and not from_.manifest.get("evaluated"):
        found.insert(0, "it was published without an evaluation")
    if found and not wish.force:
        raise Refused("health", "; ".join(found))
    notes = [f"forced although {doubt}" for doubt in found]
    if raised is not None:
        return _raised(conn, raised, wish, by, notes)
    made = {name: from_.manifest.get(name) for name in FILE_MEMBERS}
    min_app = from_.min_app if wish.min_app is None else wish.min_app
    release = _issue(conn, key, number, wish.channel, made, by.now, wish.share, min_app, from_.evaluation)
    audited(
        conn, by.actor, "promote", by.reason, by.now, _facts(release, head, share=wish.share, doubts=found)
    )
    return Done(release, notes=notes)


def halt(conn: Connection, key: SigningKey, number: int, by: By) -> Done:
    """No device gets release `number` any more.

    Those that may have it are offered the newest full release before it again, as a new release for exactly its share
    of devices: a device takes no lower number than it has seen. The answer is that release, None when there is none.
    """
    next_one = next_number(conn, STREAM)
    bad = _known(conn, number)
    if bad.halted_at is not None:
        return Done(
            bad.release, changed=False, notes=[f"it was halted at {bad.halted_at.isoformat()} already"]
        )
    m = model_rollout.c
    conn.execute(update(model_rollout).where(m.number == number).values(halted_at=by.now))
    contract = bad.manifest["contract"]
    standing = [r for r in releases(conn, bad.release.channel) if r.halted_at is None]
    rivals = [r for r in standing if r.manifest["contract"] == contract]
    newer = [r for r in rivals if r.number > number]
    full = [r for r in rivals if r.share == FULL and r.sha256 != bad.sha256 and _replaces(r, bad)]
    back = next((r for r in full if r.number < number), None)
    notes = [
        f"the same file is release {each.number} of channel {each.release.channel}: halt that too if it is bad there"
        for each in releases(conn)
        if each.sha256 == bad.sha256 and each.number != number and each.halted_at is None
    ]
    release = None
    if any(r.number > number for r in full):
        notes.append("its devices are offered a newer release already")
    elif back is None:
        notes.append(
            "there is no full release before it: devices that have it keep it until the next release"
        )
    else:
        release = _again(conn, key, next_one, back, bad, by.now, [bad.sha256])
        # What was on its way out over the halted one stays above what takes its place.
        for place, each in enumerate(reversed(newer), next_one + 1):
            _again(conn, key, place, each, each, by.now, [bad.sha256])
    given = release.number if release else None
    audited(conn, by.actor, "halt", by.reason, by.now, _facts(bad.release, None, instead=given))
    return Done(release, notes=notes)


def _replaces(one: Rolled, other: Rolled) -> bool:
    """Whether every device that could take the `other` release could take this one."""
    return bool(one.manifest["opset"] <= other.manifest["opset"] and one.min_app <= other.min_app)


def _halted(conn: Connection, sha256: str) -> str | None:
    """What to say of a file that was halted before; None when it never was."""
    bad = next((r for r in releases(conn) if r.sha256 == sha256 and r.halted_at is not None), None)
    return (
        None if bad is None else f"the same file was halted as release {bad.number} of {bad.release.channel}"
    )


def _again(
    conn: Connection,
    key: SigningKey,
    number: int,
    of: Rolled,
    to: Rolled,
    now: datetime,
    withdrawn: list[str],
) -> Release:
    """The file of one release as a new release, for exactly the devices that another one is for."""
    made = {name: of.manifest.get(name) for name in FILE_MEMBERS}
    return _issue(
        conn, key, number, of.release.channel, made, now, to.share, to.min_app, of.evaluation, salt=to.salt,
        withdrawn=withdrawn,
    )  # fmt: skip


def rollback(conn: Connection, key: SigningKey, to: int | None, wish: Wish, by: By) -> Done:
    """Give a channel's devices an older file again, as a new release for all of them.

    `to` is the release whose file comes back, by default the newest other one before the channel's present one.
    """
    number = next_number(conn, STREAM)
    held = releases(conn, wish.channel)
    _as_expected(conn, wish, held)
    serving = next((each for each in held if each.halted_at is None), None)
    if serving is None:
        raise Refused("channel", f"channel {wish.channel} serves no release")
    older = [each for each in held if each.number < serving.number and each.sha256 != serving.sha256]
    if to is None:
        usable = (each for each in older if each.halted_at is None and each.share == FULL)
        back = next(
            (each for each in usable if each.manifest["contract"] == serving.manifest["contract"]), None
        )
    else:
        back = next((each for each in older if each.number == to), None)
    if back is None:
        named = f"release {to} is not an older one of another file in" if to else "nothing to go back to in"
        raise Refused("to", f"{named} channel {wish.channel}")
    if back.halted_at is not None and not wish.force:
        raise Refused("to", f"release {back.number} was halted")
    made = {name: back.manifest.get(name) for name in FILE_MEMBERS}
    release = _issue(
        conn,
        key,
        number,
        wish.channel,
        made,
        by.now,
        FULL,
        back.min_app,
        back.evaluation,
        withdrawn=[serving.sha256],
    )
    audited(conn, by.actor, "rollback", by.reason, by.now, _facts(release, serving, file_of=back.number))
    return Done(release)


# --- what is underneath ----------------------------------------------------------------------------------


def _raised(conn: Connection, held: Rolled, wish: Wish, by: By, notes: list[str]) -> Done:
    if wish.share < held.share:
        raise Refused(
            "percent",
            f"release {held.number} is at {held.share / 100:g} % and a share only grows; halt it or roll back",
        )
    if wish.min_app is not None and wish.min_app > held.min_app:
        raise Refused("min_app", f"release {held.number} is out for older apps already; halt it or roll back")
    min_app = held.min_app if wish.min_app is None else wish.min_app
    changed = {"share": wish.share, "min_app": list(min_app)}
    conn.execute(update(model_rollout).where(model_rollout.c.number == held.number).values(changed))
    audited(
        conn,
        by.actor,
        "promote",
        by.reason,
        by.now,
        _facts(held.release, held, share=wish.share, doubts=notes),
    )
    return Done(held.release, notes=notes)


def _issue(
    conn: Connection,
    key: SigningKey,
    number: int,
    channel: str,
    files: Mapping[str, Any],
    now: datetime,
    share: int,
    min_app: Version,
    evaluation: dict[str, Any] | None,
    *,
    salt: str | None = None,
    withdrawn: list[str] | None = None,
) -> Release:
    """Sign and record a release. `withdrawn`: files that a device must not fall back to."""
    manifest = {
        "kind": "model",
        "sequence": number,
        **{name: files.get(name) for name in FILE_MEMBERS},
        "channel": channel,
        "withdrawn": withdrawn or [],
        "created_at": _rfc3339(now),
        "expires_at": _rfc3339(now + LIFETIME),
    }
    release = Release(
        stream=STREAM, number=number, channel=channel, manifest=sign(manifest, key),
        object_key=f"models/{files['sha256']}.onnx", object_sha256=files["sha256"], object_bytes=files["bytes"],
        published_at=now,
    )  # fmt: skip
    record_release(conn, release)
    rollout = {
        "number": number,
        "salt": salt or new_salt(),
        "share": share,
        "min_app": list(min_app),
    }
    conn.execute(insert(model_rollout).values(rollout | {"evaluation": evaluation}))
    return release


def new_salt() -> str:
    """What orders devices for one release: another salt, another order."""
    return secrets.token_hex(16)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _known(conn: Connection, number: int) -> Rolled:
    found = next((each for each in releases(conn) if each.number == number), None)
    if found is None:
        raise Refused("release", f"there is no release {number}")
    return found


def _wanted(conn: Connection, source: int | None) -> Rolled:
    """The release to promote. Raises Refused."""
    if source is None:
        found = next((each for each in releases(conn, "canary") if each.halted_at is None), None)
        if found is None:
            raise Refused("release", "channel canary has no release to promote")
        return found
    known = _known(conn, source)
    if known.halted_at is not None:
        raise Refused("release", f"release {source} was halted")
    return known


def _as_expected(conn: Connection, wish: Wish, held: list[Rolled]) -> None:
    newest = held[0].number if held else 0
    if wish.expected is not None and wish.expected != newest:
        raise Outpaced(wish.channel, {"release": newest, **last_word(conn, newest)})


def _facts(release: Release, before: Rolled | None, **more: Any) -> dict[str, Any]:
    facts = {"release": release.number, "channel": release.channel, "sha256": release.object_sha256}
    return facts | {"from": before.number if before else None} | more
