"""What `scripts/bench` does: `main` is the command, `generate` and `pull` the two benches."""

CHANGES = 10  # in the delta that is pulled
