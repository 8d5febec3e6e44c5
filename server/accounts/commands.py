"""`python -m server role|client|key …`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from server.accounts import clients, keys, people
from server.auth import ROLES
from server.commands import AddCommand, operator, transaction
from server.models.audit import audited
from server.settings import Settings

_GRANTS = {"code": clients.CODE, "refresh": clients.REFRESH, "device": clients.DEVICE}


def register(add: AddCommand) -> None:
    """Add the commands of accounts."""
    for name, run, text in (
        (
            "role grant",
            run_grant,
            "Give an account a role; its next access token has it (within 10 minutes).",
        ),
        (
            "role revoke",
            run_revoke,
            "Take a role from an account; its access tokens are refused within seconds.",
        ),
    ):
        command = add(name, run, text)
        command.add_argument("email", help="the account's address")
        command.add_argument("role", choices=ROLES)
    command = add("role list", run_roles, "Who has more than the role member.")
    _client_add(add)
    add("client list", run_list, "Every program that may ask for tokens.")
    command = add("client remove", run_remove, "Remove a program; all that it was given ends within seconds.")
    command.add_argument("id")
    add(
        "key rotate",
        run_rotate,
        "Sign with a new key from now on; tokens of the old one stay valid until they expire.",
    )


def _client_add(add: AddCommand) -> None:
    command = add("client add", run_add, "Register a program; a confidential one's secret is shown once.")
    command.add_argument("name", help="what people see when they are asked, such as 'Stretchr'")
    command.add_argument("--id", help="client_id (default: random)")
    command.add_argument("--confidential", action="store_true", help="it is a server that can keep a secret")
    command.add_argument(
        "--redirect-uri", action="append", default=[], metavar="URI",
        help="where answers may go, exactly; https://…, http://127.0.0.1/… (any port), com.example.app:/…; repeatable",
    )  # fmt: skip
    command.add_argument(
        "--post-logout-redirect-uri",
        action="append",
        default=[],
        metavar="URI",
        help="the same after signing out",
    )
    command.add_argument(
        "--scope",
        action="append",
        default=[],
        choices=clients.EVERY_SCOPE,
        help="what it may ask for; repeatable",
    )
    command.add_argument(
        "--grant",
        action="append",
        choices=sorted(_GRANTS),
        help="how it may ask (default: code and refresh); repeatable",
    )
    command.add_argument(
        "--introspects", action="store_true", help="a resource server that may ask what a token is"
    )


def run_grant(args: argparse.Namespace) -> int:
    return _role(args, present=True)


def run_revoke(args: argparse.Namespace) -> int:
    return _role(args, present=False)


def _role(args: argparse.Namespace, *, present: bool) -> int:
    with transaction() as conn:
        change = people.grant_role if present else people.revoke_role
        if not change(conn, args.email, args.role):
            print(f"{args.email} {'has' if present else 'does not have'} the role {args.role} already.")
            return 0
        person = people.find_by_email(conn, args.email)
        assert person is not None
        # Never the address: the trail outlives the account.
        details = {"subject": f"account:{person.id}", "role": args.role}
        action = "grant role" if present else "revoke role"
        audited(conn, operator(), action, None, datetime.now(UTC), details)
    has = ", ".join(role for role in ROLES if role in person.roles)
    print(f"{args.email} now has {'the roles ' + has if has else 'no role'}.")
    return 0


def run_roles(_: argparse.Namespace) -> int:
    with transaction() as conn:
        rows = people.with_roles(conn)
    for person in rows:
        print(f"{person.email or person.id}\t{' '.join(role for role in ROLES if role in person.roles)}")
    if not rows:
        print("Nobody has more than the role member.")
    return 0


def run_add(args: argparse.Namespace) -> int:
    grants = [_GRANTS[each] for each in args.grant or ("code", "refresh")]
    now = datetime.now(UTC)
    settings = Settings.from_env()
    with transaction(settings) as conn:
        made, secret = clients.add_client(
            conn,
            settings,
            client_id=args.id,
            name=args.name,
            confidential=args.confidential,
            redirect_uris=args.redirect_uri,
            post_logout_redirect_uris=args.post_logout_redirect_uri,
            scopes=args.scope,
            grants=grants,
            introspects=args.introspects,
            now=now,
        )
        audited(
            conn, operator(), "add client", None, now, {"subject": f"client:{made.id}", "name": made.name}
        )
    print(f"client_id      {made.id}")
    if secret is not None:
        print(f"client_secret  {secret}\nThe secret is shown now and never again: only its hash is kept.")
    return 0


def run_list(_: argparse.Namespace) -> int:
    settings = Settings.from_env()
    with transaction(settings) as conn:
        every = clients.list_clients(conn, settings)
    for each in every:
        kind = "built in" if each.first_party else "confidential" if each.secret_hash else "public"
        print(f"{each.id}\t{each.name}\t{kind}{', introspects' if each.introspects else ''}")
        scopes = [scope for scope in clients.EVERY_SCOPE if scope in each.scopes]
        print(f"    scopes    {' '.join(scopes) or '–'}")
        print(f"    redirects {' '.join(each.redirect_uris) or '–'}")
    return 0


def run_remove(args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    with transaction() as conn:
        ended = clients.remove_client(conn, args.id, now)
        audited(
            conn, operator(), "remove client", None, now, {"subject": f"client:{args.id}", "ended": ended}
        )
    print(f"Removed {args.id}; {ended} sign-ins ended with it.")
    return 0


def run_rotate(_: argparse.Namespace) -> int:
    settings = Settings.from_env()
    new, staying, gone = keys.rotate(settings.token_key)
    print(f"{settings.token_key}: {new} signs from now on; running servers notice within seconds.")
    if staying:
        print(f"Only to check what they signed, for an hour: {', '.join(staying)}.")
    if gone:
        print(f"Gone: {', '.join(gone)}.")
    return 0
