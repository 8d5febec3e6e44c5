"""Other people's exercise sets as drafts: read, mapped to our words, compared with the catalogue, never released.

`readers` names the formats; a reader (one module each) turns a set into `facts.Record`s; `matching` finds twins and
what the catalogue already has; `guessing` fills what a set does not say from like exercises; `batches.run` does it
all and starts the drafts; `report` tells what came of each record. docs/catalog-data.md is the page about it.
"""
