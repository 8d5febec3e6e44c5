"""The replication core: one ordered log per stream, read by cursors. Knows no HTTP and no exercise."""
