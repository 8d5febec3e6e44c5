"""What the views of an account's data share: whose request it is, and a transaction that sees that account only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection

from server.accounts.data_keys import KeyGone
from server.accounts.profile import AccountGone
from server.auth import subject
from server.db import as_account
from server.problems import Fault
from server.replication.wake import wake
from server.state import state
from server.telemetry import log
from sync.clock import SERVER
from sync.sealing import SealBroken
from sync.signing import KeyInvalid, KeyUnavailable
from sync.store import ACCOUNT, StreamUnknown

T = TypeVar("T")


def me() -> UUID:
    """The account that asks. Raises Fault 403 for a token that is an operator's."""
    try:
        return UUID(subject().name)
    except ValueError:
        raise Fault(403, "This token speaks for an operator, not for an account.") from None


def now() -> datetime:
    """The moment of this request."""
    return datetime.now(UTC)


def doing(work: Callable[[Connection], T], *, write: bool = False) -> T:
    """`work` in one transaction of the account that asks with a token. Raises what `opened` raises."""
    return doing_for(me(), work, write=write)


def doing_for(whom: UUID, work: Callable[[Connection], T], *, write: bool = False) -> T:
    """`work` in one transaction of `whom`, who was found to ask. Raises what `opened` raises."""
    engine = state().engine
    return opened(lambda: as_account(engine, whom, work, write=write))


def opened(work: Callable[[], T]) -> T:
    """`work()`; raises Fault 401 for an account that is no more, 503 when what is sealed cannot be opened."""
    try:
        return work()
    except (KeyGone, AccountGone, StreamUnknown):
        told = 'Bearer realm="limber", error="invalid_token"'
        raise Fault(
            401, "This account does not exist any more.", headers={"WWW-Authenticate": told}
        ) from None
    except (KeyInvalid, KeyUnavailable, SealBroken) as error:
        log.error("data_key_unusable", error=str(error))
        said = "What is encrypted in this account cannot be opened right now. Please try again."
        raise Fault(503, said, headers={"Retry-After": "30"}) from None


def tell_devices(whom: UUID) -> None:
    """After a commit: the server wrote something into the account that its devices want to know of."""
    shared = state()
    wake(shared.engine, shared.settings, f"{ACCOUNT}{whom}", SERVER)
