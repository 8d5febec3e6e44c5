"""What `scripts/bench` does: `main` is the command, `generate`, `pull`, `sync` and `catalog` the benches."""

CHANGES = 10  # in the delta that is pulled
