"""Pictures and films of the catalogue: how they come in, are looked at, kept and attached. See docs/media.md."""
