"""The parts of `scripts/torture`: real servers, a bad network, people with several devices, a ledger of promises."""


class TortureError(Exception):
    """The torture cannot go on; the message is for a person. A loss is not an error: it is a finding."""


PROTECTIONS = ("durability", "epoch", "idempotence", "lock")
"""What `--without` can take out; see `doubles`."""
