"""Canonical JSON (RFC 8785), the digests built on it, and what a document may hold."""

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

import rfc8785

Key = tuple[str, str]  # (collection, id)
Document = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXACT = 2**53 - 1  # the greatest integer that every JSON reader keeps exactly
_DEPTH = 32


def canonical(obj: Any) -> bytes:
    """RFC 8785 bytes of a JSON value. Raises ValueError for what has none, as NaN or huge integers."""
    return rfc8785.dumps(obj)


def sha256_hex(body: bytes) -> str:
    """SHA-256 as 64 lower-case hex digits."""
    return hashlib.sha256(body).hexdigest()


def document_digest(data: Document) -> str:
    """Digest of one document: SHA-256 of its canonical JSON, hex."""
    return sha256_hex(canonical(data))


def catalog_digest(digests: Mapping[Key, str]) -> str:
    """Digest of a whole catalogue, from the digest of each live document.

    Two levels, so that a device that caches a digest a document recomputes only what changed.
    """
    nested: dict[str, dict[str, str]] = {}
    for (collection, record_id), digest in digests.items():
        nested.setdefault(collection, {})[record_id] = digest
    return sha256_hex(canonical(nested))


def check_document(key: Key, data: Any) -> None:
    """Raise ValueError, naming document and field, for what jsonb or a device cannot keep exactly.

    That is: NUL and lone surrogates in text, numbers that are not finite or beyond 2^53 - 1, values that are
    not JSON, nesting deeper than 32, and collections or ids that are not short plain ASCII names.
    """
    for name in key:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"document {key!r}: {name!r} is not a name (1-200 of A-Z a-z 0-9 . _ : -)")
    if not isinstance(data, dict):
        raise ValueError(f"document {key[0]}/{key[1]}: must be an object, not {type(data).__name__}")
    problem = _problem(data, "", 0)
    if problem:
        raise ValueError(f"document {key[0]}/{key[1]}: {problem}")


def _problem(value: Any, path: str, depth: int) -> str | None:
    where = path or "the document"
    if isinstance(value, str):
        return _text_problem(value, where)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        exact = math.isfinite(value) and abs(value) <= _EXACT
        return None if exact else f"{where} is not a number that JSON keeps exactly"
    if not isinstance(value, dict | list):
        return f"{where} is a {type(value).__name__}, not JSON"
    if depth == _DEPTH:
        return f"{where} is nested deeper than {_DEPTH}"
    if isinstance(value, dict):
        for name in value:
            problem = f"{where} has the key {name!r}, not text" if not isinstance(name, str) else None
            problem = problem or _text_problem(name, f"a key of {where}")
            if problem:
                return problem
    items = value.items() if isinstance(value, dict) else ((f"[{i}]", item) for i, item in enumerate(value))
    for name, item in items:
        child = f"{path}{name}" if not path or name.startswith("[") else f"{path}.{name}"
        problem = _problem(item, child, depth + 1)
        if problem:
            return problem
    return None


def _text_problem(text: str, where: str) -> str | None:
    if "\x00" in text:
        return f"{where} holds a NUL character"
    return f"{where} holds a lone surrogate" if _SURROGATE.search(text) else None
