"""Two clients that apps already use, at our door: thin views over `sync.push` and `sync.store.pull`, no second store.

`watermelondb` and `rxdb` translate shapes; `records` is what both stand on. docs/adapters.md explains the mapping.
"""
