"""The catalogue: content files, the table editors work on, and publishing a release."""
