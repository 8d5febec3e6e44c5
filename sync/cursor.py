"""Where a reader stands in a stream, as opaque text. `sync/README.md` says formally what a cursor means."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from functools import lru_cache

_VERSION = 1
_LONGEST = 1024
STREAM_NAME = re.compile(r"[\x21-\x7e]{1,200}")
_GREATEST = 2**63 - 1


class CursorInvalid(ValueError):
    """The text is not a cursor that this server wrote, or it belongs to another stream."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The reader has been given every version up to `seq` of `stream` in `epoch`.

    `until`: end of the frozen window that is being read; None between windows.
    `fresh`: the reader held nothing when the window began, so tombstones up to `until` mean nothing to it,
    and pruning them must not send it back to the beginning.
    """

    stream: str
    epoch: str
    seq: int
    until: int | None = None
    fresh: bool = False


def origin(stream: str, epoch: str) -> Cursor:
    """The cursor of a reader that holds nothing."""
    return Cursor(stream, epoch, 0)


@lru_cache(maxsize=1024)
def encode(cursor: Cursor) -> str:
    """Opaque base64url text, safe in a URL. Equal cursors give equal text."""
    fields = [_VERSION, cursor.stream, cursor.epoch, cursor.seq, cursor.until, cursor.fresh]
    return base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).rstrip(b"=").decode()


def decode(text: str) -> Cursor:
    """The cursor that `encode` wrote as `text`. Raises CursorInvalid for all else, another spelling too."""
    if len(text) > _LONGEST:
        raise CursorInvalid("cursor is too long")
    try:
        fields = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise CursorInvalid("cursor is not readable") from None
    if not isinstance(fields, list) or len(fields) != 6 or fields[0] != _VERSION:
        raise CursorInvalid("cursor has an unknown form")
    _, stream, epoch, seq, until, fresh = fields
    for name in (stream, epoch):
        if not isinstance(name, str) or not STREAM_NAME.fullmatch(name):
            raise CursorInvalid("cursor names no stream")
    for number in (seq, seq if until is None else until):
        if type(number) is not int or not 0 <= number <= _GREATEST:
            raise CursorInvalid("cursor has no position")
    if (seq if until is None else until) < seq or type(fresh) is not bool or (fresh and until is None):
        raise CursorInvalid("cursor has an impossible window")
    cursor = Cursor(stream, epoch, seq, until, fresh)
    if encode(cursor) != text:
        raise CursorInvalid("cursor is not readable")
    return cursor
