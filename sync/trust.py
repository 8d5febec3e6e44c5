"""Which keys a device trusts, and how that changes: a statement, signed by a trusted key, names the keys from now on.

A statement is an envelope whose manifest is {"kind": "trust", "sequence", "keys": [{"key_id", "public_key",
"until"}], "created_at"}. It replaces the set of trusted keys: the new key, and the old one `until` the last manifest
that it signed has expired. Sequences only grow, so an old statement cannot bring a retired key back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync.signing import KeyInvalid, SignatureInvalid, SigningKey, parse_trust, public_entry, sign, verify


@dataclass(frozen=True)
class Trust:
    """`keys`: {key id: public key}; `until`: {key id: RFC 3339} of those that end; `sequence` of the last statement."""

    keys: dict[str, str]
    until: dict[str, str] = field(default_factory=dict)
    sequence: int = 0

    def at(self, now: datetime) -> dict[str, str]:
        """The keys that are trusted at that moment."""
        ended = {name for name, until in self.until.items() if datetime.fromisoformat(until) <= now}
        return {name: public for name, public in self.keys.items() if name not in ended}


def statement(
    signer: SigningKey, sequence: int, keys: Sequence[tuple[SigningKey, datetime | None]], now: datetime
) -> dict[str, Any]:
    """The envelope that makes `keys`, each with the moment it ends or None, the trusted ones."""
    entries: list[dict[str, str | None]] = [
        {**public_entry(key), "until": until.isoformat() if until else None} for key, until in keys
    ]
    manifest = {"kind": "trust", "sequence": sequence, "keys": entries, "created_at": now.isoformat()}
    return sign(manifest, signer)


def follow(trust: Trust, statements: object, now: datetime) -> Trust:
    """The trust after every statement that is newer than the last one and signed by a key trusted by then.

    Whatever else is among `statements` changes nothing: they come from a server that nobody vouches for.
    """
    if not isinstance(statements, list):
        return trust
    fresh = [found for envelope in statements if (found := _read(envelope)) is not None]
    for manifest, envelope in sorted(fresh, key=lambda pair: int(pair[0]["sequence"])):
        if manifest["sequence"] <= trust.sequence:
            continue
        try:
            verify(envelope, trust.at(now))
            keys = parse_trust(manifest, "statement")
            until = {entry["key_id"]: entry["until"] for entry in manifest["keys"] if entry.get("until")}
            named = Trust(keys, until, manifest["sequence"])
            if named.at(now):
                trust = named
        except (SignatureInvalid, KeyInvalid, ValueError, TypeError):
            continue
    return trust


def _read(envelope: object) -> tuple[Mapping[str, Any], object] | None:
    manifest = envelope.get("manifest") if isinstance(envelope, dict) else None
    if not isinstance(manifest, dict) or manifest.get("kind") != "trust":
        return None
    sequence = manifest.get("sequence")
    return (manifest, envelope) if type(sequence) is int and 0 < sequence < 2**31 else None
