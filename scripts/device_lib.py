"""The commands of `scripts/device` that are about a person's own records, and about signing in."""

import argparse
import json
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sync.answers import Refused
from sync.device import Device
from sync.device_account import AccountReport
from sync.device_login import LoginFailed, Tokens, account_of, invite, wait
from sync.outbox import Entry
from sync.replica import DeviceError, lock
from sync.transport import TransportError, http_sender

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STATES = {
    "pending": "to be sent",
    "acked": "sent, on its way back",
    "kept": "in the account",
    "refused": "REFUSED",
}


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def tokens(directory: Path) -> Tokens:
    """The sign-in that is kept in a device's folder."""
    return Tokens(directory, http_sender, now)


def add_commands(commands: Any) -> list[argparse.ArgumentParser]:
    """Declare the commands; returns their parsers."""

    def add(name: str, run: Any, summary: str) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=run.__doc__)
        command.set_defaults(run=run)
        return command

    login = add("login", log_in, "sign in, with the help of any browser")
    login.add_argument("--server", required=True, metavar="URL", help="e.g. http://127.0.0.1:8000")
    login.add_argument(
        "--discard", action="store_true", help="drop the records of the account that was here before"
    )
    logout = add("logout", log_out, "end the sign-in")
    logout.add_argument("--remove", action="store_true", help="take the account's records off this device")
    logout.add_argument(
        "--discard", action="store_true", help="with --remove: also changes that were never sent"
    )
    listing = add("list", list_records, "the records, as this device shows them")
    listing.add_argument("collection", nargs="?", help="e.g. routine")
    create = add("create", create_record, "make a record")
    create.add_argument("collection", help="e.g. routine")
    create.add_argument("--id", metavar="ID", help="for records that have a name; else a new UUID")
    edit = add("edit", edit_record, "change fields of a record")
    delete = add("delete", delete_record, "delete a record")
    for command in (edit, delete):
        command.add_argument("collection", help="e.g. profile")
        command.add_argument("id", help="e.g. me")
    for command in (create, edit):
        command.add_argument(
            "fields",
            nargs="+",
            type=field,
            metavar="NAME=VALUE",
            help="a value in JSON, or text: level=trained 'x=[\"a\"]'",
        )
    outbox = add("outbox", show_outbox, "changes that were not sent yet, or refused")
    outbox.add_argument("--all", action="store_true", help="also those that the account has")
    outbox.add_argument("--retry", type=int, metavar="NUMBER", help="send a refused change again")
    outbox.add_argument("--drop", type=int, metavar="NUMBER", help="give a refused change up")
    return [login, logout, listing, create, edit, delete, outbox]


def field(text: str) -> tuple[str, Any]:
    """NAME=VALUE; a value that is not JSON is text."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def log_in(arguments: argparse.Namespace) -> int:
    """Sign in: open the address in any browser, type the code. What was written here goes into the account."""
    kept = tokens(arguments.dir)
    device = Device(arguments.dir)
    try:
        send = http_sender(arguments.server)
    except ValueError as error:
        return _fail(f"--server: {error}", 2)
    try:
        invitation = invite(send, now())
        said = {"code": invitation.code, "uri": invitation.uri, "complete_uri": invitation.complete_uri}
        if arguments.json:
            print(json.dumps(said), flush=True)
        else:
            print(f"Open {invitation.uri} in a browser and type the code {invitation.code}", flush=True)
            if invitation.complete_uri:
                print(f"or open {invitation.complete_uri}", flush=True)
        answer = wait(send, invitation, now, time.sleep)
        account = account_of(answer)
        device.attach(account, discard=arguments.discard)
        kept.keep(arguments.server, answer)
    except LoginFailed as error:
        return _fail(f"not signed in: {error}", 1)
    except (Refused, TransportError) as error:
        return _fail(str(error), 1)
    pending = len(device.outbox("pending"))
    if arguments.json:
        print(json.dumps({"account": account, "pending": pending}))
    else:
        print(
            f"Signed in as {account}. {counted(pending, 'change')} made on this device will go into the account at the "
            "next sync."
        )
    return 0


def log_out(arguments: argparse.Namespace) -> int:
    """End the sign-in. The records stay readable on this device unless --remove is given."""
    kept = tokens(arguments.dir)
    if kept.server is None and not arguments.remove:
        raise DeviceError("nobody is signed in on this device")
    Device(arguments.dir).sign_out(remove=arguments.remove, discard=arguments.discard)
    with lock(arguments.dir):
        try:
            kept.end()
        except (Refused, TransportError) as error:
            print(
                f"scripts/device: the server was not told ({error}); its tokens are deleted here",
                file=sys.stderr,
            )
    result = {"signed_in": False, "removed": arguments.remove}
    said = "The account's records were removed." if arguments.remove else "The records stay on this device."
    print(json.dumps(result) if arguments.json else f"Signed out. {said}")
    return 0


def list_records(arguments: argparse.Namespace) -> int:
    """Print the records as this device shows them: the account's, with what was changed here laid over them."""
    records = Device(arguments.dir).records(arguments.collection)
    if arguments.json:
        print(json.dumps(records, ensure_ascii=False, indent=2))
        return 0
    for record in records:
        print(f"{record['collection']} {record['id']}")
        for name, value in sorted(record["data"].items()):
            print(f"    {name}: {json.dumps(value, ensure_ascii=False)}")
    if not records:
        print("No records.")
    return 0


def create_record(arguments: argparse.Namespace) -> int:
    """Make a record on this device; no network is needed. Prints its id."""
    made = Device(arguments.dir).create(arguments.collection, dict(arguments.fields), arguments.id)
    print(json.dumps({"collection": arguments.collection, "id": made}) if arguments.json else made)
    return 0


def edit_record(arguments: argparse.Namespace) -> int:
    """Change fields of a record on this device; others stay. One that has a name, as profile me, is made if need be."""
    device = Device(arguments.dir)
    if device.read(arguments.collection, arguments.id) is None and not _UUID.fullmatch(arguments.id):
        device.create(arguments.collection, dict(arguments.fields), arguments.id)
    else:
        device.edit(arguments.collection, arguments.id, dict(arguments.fields))
    return _done(arguments)


def delete_record(arguments: argparse.Namespace) -> int:
    """Delete a record, here now and everywhere with the next sync."""
    Device(arguments.dir).delete(arguments.collection, arguments.id)
    return _done(arguments)


def _done(arguments: argparse.Namespace) -> int:
    if arguments.json:
        print(json.dumps({"collection": arguments.collection, "id": arguments.id}))
    else:
        print("Kept on this device; it goes to the account with the next sync.")
    return 0


def show_outbox(arguments: argparse.Namespace) -> int:
    """Print the changes made on this device that the account does not have yet, and why, if it was refused."""
    device = Device(arguments.dir)
    if arguments.retry is not None:
        device.retry(arguments.retry)
    if arguments.drop is not None:
        device.drop(arguments.drop)
    entries = device.outbox(*(_STATES if arguments.all else ("pending", "acked", "refused")))
    if arguments.json:
        print(
            json.dumps(
                [{"number": e.number, "state": e.state, **e.patch(), "error": e.error} for e in entries],
                indent=2,
            )
        )
        return 0
    for entry in entries:
        print(entry_text(entry))
    if not entries:
        print("Nothing waits.")
    return 0


def entry_text(entry: Entry) -> str:
    """One change in a line, with the reason below if it was refused."""
    what = (
        "delete"
        if entry.fields is None
        else ", ".join(f"{n}={json.dumps(v, ensure_ascii=False)}" for n, v in entry.fields.items())
    )
    line = f"{entry.number:5}  {entry.collection} {entry.id}: {what} ({_STATES[entry.state]})"
    if entry.state == "refused" and entry.error:
        where = f"{entry.error['field']}: " if entry.error["field"] else ""
        line += f"\n       {where}{entry.error['detail']} [{entry.error['code']}]"
        line += f"\n       --retry {entry.number} sends it again, --drop {entry.number} gives it up."
    return line


def account_lines(account: AccountReport | None) -> list[str]:
    """What a sync did with the records, in plain words."""
    if account is None:
        return []
    lines = []
    if account.outcome == "synced":
        lines.append(
            f"Records:   {counted(account.accepted, 'change')} sent, {counted(account.received, 'record')} came."
        )
    else:
        words = {"waiting": "not synced", "sign_in": "NOT SYNCED", "update": "NOT SYNCED", "failed": "FAILED"}
        reason = account.problem or f"the server wants to be asked again in {account.next_sync_after_s} s"
        lines.append(f"Records:   {words[account.outcome]}: {reason}.")
        lines.append(f"           Waiting on this device: {counted(account.pending, 'change')}.")
    if account.resync:
        lines.append(f"           Everything was fetched anew ({account.resync}).")
    if account.refused:
        lines.append(
            f"           REFUSED: {counted(account.refused, 'change')}; scripts/device outbox says why."
        )
    return lines


def counted(number: int, word: str) -> str:
    """ "1 change", "2 changes"."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def _fail(message: str, code: int) -> int:
    print(f"scripts/device: {message}", file=sys.stderr)
    return code
