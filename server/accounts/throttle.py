"""How often somebody may try: counted in PostgreSQL, so the same for every server process.

An attempt is counted before it is made, in one statement on one row; attempts at the same moment queue at the row, and
none passes the limit. The first `free` go through, then the wait doubles with each. Waiting heals: one attempt is
forgotten per `heal`. Refused attempts count nothing, so an attacker cannot lock somebody out for longer than `most`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from server.accounts.expiry import forget
from server.accounts.tables_sign_in import throttle


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` attempts at once, then a wait of `first`, doubled each time up to `most`; `heal` forgets one."""

    name: str
    free: int
    first: timedelta
    most: timedelta
    heal: timedelta


def _limit(name: str, free: int, first_s: int, most_s: int, heal_s: int) -> Limit:
    return Limit(name, free, timedelta(seconds=first_s), timedelta(seconds=most_s), timedelta(seconds=heal_s))


# NIST SP 800-63B-4 §3.2.2 allows 100 failures in a row; this is about 100 a day.
PASSWORD: Final = _limit("password", 5, 30, 900, 1800)
# Many people may share one address.
ADDRESS: Final = _limit("address", 30, 5, 900, 60)
LETTER: Final = _limit("letter", 3, 60, 3600, 1800)
LETTERS: Final = _limit("letters", 20, 30, 3600, 300)
PASSKEY: Final = _limit("passkey", 30, 5, 900, 60)

_TAKE = """
INSERT INTO throttle AS t (key, count, at, until)
VALUES (%(key)s, 1, %(now)s, %(now)s::timestamptz + CASE WHEN %(free)s <= 1 THEN %(first)s ELSE interval '0' END)
ON CONFLICT (key) DO UPDATE SET (count, at, until) = (
    SELECT n, %(now)s::timestamptz,
           %(now)s::timestamptz + CASE WHEN n < %(free)s THEN interval '0'
                                       ELSE least(%(most)s, %(first)s * power(2, least(n - %(free)s, 30))) END
      FROM (SELECT 1 + greatest(0, t.count - greatest(0, floor(
                   extract(epoch FROM %(now)s::timestamptz - t.at) / extract(epoch FROM %(heal)s::interval)))::integer)
                AS n) AS counted)
 WHERE t.until <= %(now)s
RETURNING count
"""


def take(conn: Connection, limit: Limit, whom: str, now: datetime) -> int:
    """Count an attempt of `whom`; 0 when it may be made, else the seconds to wait (and nothing was counted)."""
    key = _key(limit, whom)
    given = {
        "key": key,
        "now": now,
        "free": limit.free,
        "first": limit.first,
        "most": limit.most,
        "heal": limit.heal,
    }
    counted = conn.exec_driver_sql(_TAKE, given).scalar_one_or_none()
    if counted is not None:
        if counted == 1:
            forget(conn, throttle.c.until, now)
        return 0
    until = conn.exec_driver_sql(
        "SELECT until FROM throttle WHERE key = %(key)s", {"key": key}
    ).scalar_one_or_none()
    return max(1, -int((now - until) // timedelta(seconds=1))) if until else 1


def forgive(conn: Connection, limit: Limit, whom: str) -> None:
    """Forget what was counted: the person has shown who they are."""
    conn.exec_driver_sql("DELETE FROM throttle WHERE key = %(key)s", {"key": _key(limit, whom)})


def give_back(conn: Connection, limit: Limit, whom: str) -> None:
    """Take back one attempt, which turned out to be in order, and leave those of others that share the address."""
    conn.exec_driver_sql(
        "UPDATE throttle SET count = greatest(0, count - 1) WHERE key = %(key)s", {"key": _key(limit, whom)}
    )


def _key(limit: Limit, whom: str) -> str:
    # A hash: whose address was tried is nobody's business, and many of them have no account here.
    return f"{limit.name}:{hashlib.sha256(whom.encode()).hexdigest()[:40]}"


def waiting_time(seconds: int) -> str:
    """`seconds` in words: "in 40 seconds", "in 15 minutes"."""
    if seconds < 100:
        return f"in {seconds} second{'s' * (seconds != 1)}"
    return f"in {-(-seconds // 60)} minutes"
