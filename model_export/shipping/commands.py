"""`verify`, `show`, `publish`, `promote`, `halt`, `rollback`, `status`, `token`, `rotate-key`."""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_export import bundle
from model_export.cli import AddCommand, CommandError, Run, add_catalog, at_least, bar, catalog_of
from model_export.shipping.arguments import CHANNELS, add_file, add_percent, add_proofs, add_server

if TYPE_CHECKING:
    from model_export.encode import Catalog
    from model_export.shipping.client import Client

QUICK = 300
FULL = 2000
ROLES = ("member", "physio", "editor", "ml_engineer", "support", "admin")


def register(bare: AddCommand) -> None:
    def add(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        return bare(name, told(run), text)

    one = add("verify", run_verify, "Run every publishing gate on a model file; exit 1 when one fails.")
    add_file(one)
    add_proofs(one, FULL)
    add_catalog(one)
    one.add_argument("--json", action="store_true", help="for programs")

    two = add(
        "show",
        run_show,
        "Show what a model file holds: inputs, outputs, operators, sizes, the loop, metadata.",
    )
    two.add_argument(
        "file", type=Path, nargs="?", default=bundle.FOLDER / "generator.onnx", help="default: the bundle's"
    )
    two.add_argument("--json", action="store_true", help="for programs")

    three = add("publish", run_publish, "Verify a model, upload it and have the server release it.")
    add_file(three)
    add_proofs(three, QUICK)
    three.add_argument("--channel", choices=CHANNELS, default="canary", help="default: %(default)s")
    add_percent(three)
    three.add_argument("--min-app", metavar="VERSION", help="least version of the app, such as 1.2.0")
    three.add_argument(
        "--force", metavar="REASON", help="past canary, or a file that was halted; goes into the audit trail"
    )
    three.add_argument(
        "--assets", type=Path, nargs="?", const=bundle.FOLDER, metavar="DIR",
        help="also write the app's bundle (default folder: mobile/assets/models)",
    )  # fmt: skip
    three.add_argument(
        "--local", action="store_true",
        help="straight into the database and storage of this machine's settings, without a server",
    )  # fmt: skip
    add_server(three)

    four = add("promote", run_promote, "Bring a canary release to stable, or to more devices.")
    four.add_argument("release", type=at_least(1), nargs="?", help="default: the newest of canary")
    four.add_argument("--channel", choices=CHANNELS, default="stable", help="default: %(default)s")
    add_percent(four)
    four.add_argument("--min-app", metavar="VERSION", help="least version of the app (default: as published)")
    four.add_argument(
        "--force", metavar="REASON", help="in spite of what devices report; goes into the audit trail"
    )
    add_server(four)

    five = add("halt", run_halt, "Stop a release; devices that have it are offered the one before.")
    five.add_argument("release", type=at_least(1))
    five.add_argument("--reason", required=True, help="for the audit trail")
    add_server(five)

    six = add("rollback", run_rollback, "Release an older file again, under a new number, for all devices.")
    six.add_argument("--channel", choices=CHANNELS, default="stable", help="default: %(default)s")
    six.add_argument(
        "--to", type=at_least(1), metavar="RELEASE", help="default: the one before the present one"
    )
    six.add_argument("--reason", required=True, help="for the audit trail")
    six.add_argument("--force", action="store_true", help="even to a release that was halted")
    add_server(six)

    seven = add("status", run_status, "Show releases, channels, health on devices and the audit trail.")
    seven.add_argument("--json", action="store_true", help="for programs")
    add_server(seven)

    eight = add("token", run_token, "Mint a short-lived access token; needs the server's token key.")
    eight.add_argument("--role", action="append", required=True, choices=ROLES, help="repeatable")
    eight.add_argument("--subject", metavar="NAME", help="who it is for (default: this account's name)")
    eight.add_argument(
        "--minutes", type=at_least(1), default=10, help="how long it is valid, at most 60 (default: 10)"
    )

    nine = add(
        "rotate-key",
        run_rotate,
        "Have a new key sign releases; devices follow by a statement of the old one.",
    )
    nine.add_argument("--new", type=Path, metavar="FILE", help="the new key; made when it does not exist")
    nine.add_argument(
        "--kms", metavar="KEY", help="the new key is in AWS KMS, such as alias/limber?region=eu-central-1"
    )
    nine.add_argument(
        "--days", type=at_least(0), default=365,
        help="days that the old key stays trusted; 0 when it was stolen (default: %(default)s)",
    )  # fmt: skip


def told(run: Run) -> Run:
    """The command, with what may go wrong outside of this program said in its own words."""

    @functools.wraps(run)
    def wrapped(args: argparse.Namespace) -> int:
        from sqlalchemy.exc import DBAPIError

        from sync.objects import StoreUnavailable
        from sync.signing import KeyUnavailable
        from sync.transport import TransportError

        try:
            return run(args)
        except (TransportError, StoreUnavailable, KeyUnavailable) as error:
            raise CommandError(str(error)) from error
        except DBAPIError as error:
            raise CommandError(f"the database refused: {str(error.orig).strip()}") from error
        except OSError as error:
            raise CommandError(f"{error.filename or ''}: {error.strerror or error}") from error

    return wrapped


# --- files and gates -------------------------------------------------------------------------------------


def files(path: Path) -> tuple[bytes, bytes]:
    """A model file and the golden.json beside it."""
    golden = path.parent / "golden.json"
    for wanted in (path, golden):
        if not wanted.is_file():
            raise CommandError(f"{wanted} is missing")
    return path.read_bytes(), golden.read_bytes()


def evaluation_of(args: argparse.Namespace) -> dict[str, Any] | None:
    """The evaluation that belongs to the model file; None when there is none, or none is wanted."""
    if args.without_evaluation:
        if args.evaluation:
            raise CommandError("--evaluation and --without-evaluation: choose one")
        return None
    path = args.evaluation or args.file.parent / "evaluation.json"
    if not path.is_file():
        if args.evaluation:
            raise CommandError(f"--evaluation {path}: there is no such file")
        return None
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise CommandError(f"{path}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise CommandError(f"{path}: not a JSON object")
    return found


def judge(
    args: argparse.Namespace, model: bytes, golden: bytes, evaluation: dict[str, Any] | None, catalog: Catalog
) -> bool:
    """Print every gate; True when none failed."""
    from model_export import verify

    with bar(args.requests, "proving") as shown:
        found = list(
            verify.gates(
                model, golden, catalog, args.requests, progress=shown.update, evaluation=evaluation,
                unevaluated=args.without_evaluation, max_ms=args.max_ms,
            )
        )  # fmt: skip
    if getattr(args, "json", False):
        print(json.dumps([vars(gate) for gate in found], indent=2))
    else:
        print(verify.table(found))
    return all(gate.passed is not False for gate in found)


def run_verify(args: argparse.Namespace) -> int:
    model, golden = files(args.file)
    return 0 if judge(args, model, golden, evaluation_of(args), catalog_of(args.catalog)) else 1


def run_show(args: argparse.Namespace) -> int:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    from model_export.graphs import as_text, described

    try:
        facts = described(args.file.read_bytes())
    except DecodeError as error:
        raise CommandError(f"{args.file}: not an ONNX file ({error})") from error
    print(json.dumps(facts, indent=2) if args.json else f"{args.file}\n{as_text(facts)}")
    return 0


# --- the server ------------------------------------------------------------------------------------------


def client_of(args: argparse.Namespace) -> Client:
    """The server and the token of a command. Raises CommandError."""
    from model_export.shipping.client import Client
    from sync.transport import http_sender

    try:
        token = args.token_file.read_text() if args.token_file else os.environ.get("LIMBER_TOKEN", "")
    except OSError as error:
        raise CommandError(f"--token-file {args.token_file}: {error.strerror}") from error
    if not token.strip():
        raise CommandError(
            "no access token: set LIMBER_TOKEN or give --token-file; on the server's machine, "
            "`python -m model_export token --role ml_engineer` mints one"
        )
    try:
        return Client(http_sender(args.server), token.strip())
    except ValueError as error:
        raise CommandError(f"--server: {error}") from error


def ask(args: argparse.Namespace, path: str, body: dict[str, Any]) -> int:
    """Have the server do it, and say what stands now."""
    client = client_of(args)
    return _said(_expecting(client, path, body))


def _expecting(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST with the state of the channel that was found now, so that a colleague who is quicker is noticed."""
    if "channel" in body and "expected" not in body:
        channels = client.call("GET", "/v1/models/status")["channels"]
        body = body | {"expected": {c["channel"]: c["newest"] for c in channels}[body["channel"]]}
    found: dict[str, Any] = client.post(path, body)
    return found


def _said(done: dict[str, Any]) -> int:
    stands = f"release {done['release']} of channel {done['channel']}" if done["release"] else "no release"
    print(f"{'Done' if done['changed'] else 'Nothing to do'}: {stands} stands{_short(done['sha256'])}.")
    for note in done["notes"]:
        print(f"Note: {note}.")
    return 0


def _short(sha256: str | None) -> str:
    return f", file {sha256[:12]}" if sha256 else ""


def run_publish(args: argparse.Namespace) -> int:
    model, golden = files(args.file)
    evaluation = evaluation_of(args)
    if args.local:
        return _publish_here(args, model, golden, evaluation)
    from model_export.shipping.client import upload

    client = client_of(args)
    newest = {c["channel"]: c["newest"] for c in client.call("GET", "/v1/models/status")["channels"]}
    snapshot = client.call("GET", "/v1/catalog/snapshot")
    catalog = bundle.read_catalog(json.dumps(snapshot).encode())
    if not judge(args, model, golden, evaluation, catalog):
        raise CommandError("the model was not published: a gate failed")
    hashes = []
    for content, ending in ((model, "onnx"), (golden, "golden.json")):
        with bar(len(content), ending, "B") as shown:
            hashes.append(upload(client, content, ending, shown.update))
    wish = {
        "model": hashes[0], "golden": hashes[1], "channel": args.channel, "percent": args.percent,
        "min_app": args.min_app, "catalog_min": catalog.release, "evaluation": evaluation,
        "expected": newest[args.channel], "force": bool(args.force), "reason": args.force,
    }  # fmt: skip
    _said(client.post("/v1/models/releases", wish))
    if args.assets is not None:
        _write_bundle(args.assets, model, golden, snapshot["changes"], catalog.release)
    return 0


def _publish_here(
    args: argparse.Namespace, model: bytes, golden: bytes, evaluation: dict[str, Any] | None
) -> int:
    from model_export.shipping import local

    if args.min_app or args.force:
        raise CommandError("--min-app and --force need a server: leave --local out")
    catalog, documents = local.catalog_here()
    if not judge(args, model, golden, evaluation, catalog):
        raise CommandError("the model was not published: a gate failed")
    share = round(args.percent * 100)
    print(local.publish_here(model, golden, evaluation, catalog.release, args.channel, share))
    if args.assets is not None:
        _write_bundle(args.assets, model, golden, documents, catalog.release)
    return 0


def _write_bundle(
    folder: Path, model: bytes, golden: bytes, documents: list[dict[str, Any]], release: int
) -> None:
    live = [
        {name: d[name] for name in ("collection", "id", "data")} for d in documents if not d.get("deleted")
    ]
    bundle.write(folder, model, golden, live, release)
    print(f"Updated {folder}.")


def run_promote(args: argparse.Namespace) -> int:
    wish = {
        "channel": args.channel, "percent": args.percent, "release": args.release, "min_app": args.min_app,
        "force": bool(args.force), "reason": args.force,
    }  # fmt: skip
    return ask(args, "/v1/models/promote", wish)


def run_halt(args: argparse.Namespace) -> int:
    return ask(args, "/v1/models/halt", {"release": args.release, "reason": args.reason})


def run_rollback(args: argparse.Namespace) -> int:
    wish = {"channel": args.channel, "to": args.to, "reason": args.reason, "force": args.force}
    return ask(args, "/v1/models/rollback", wish)


def run_status(args: argparse.Namespace) -> int:
    from model_export.shipping.status_text import status_text

    found = client_of(args).call("GET", "/v1/models/status")
    print(json.dumps(found, indent=2) if args.json else status_text(found))
    return 0


def run_token(args: argparse.Namespace) -> int:
    from model_export.shipping import local

    if sys.stdout.isatty():
        print("Whoever has this token has the role. Keep it in LIMBER_TOKEN, not in a file.", file=sys.stderr)
    return local.run_token(args)


def run_rotate(args: argparse.Namespace) -> int:
    from model_export.shipping import local

    if args.new and args.kms:
        raise CommandError("--new and --kms: choose one")
    return local.run_rotate(args)
