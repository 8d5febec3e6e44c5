"""A person's sessions as two tables for a spreadsheet: one row a session, one row an item."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Final

SESSION_COLUMNS: Final = (
    "started_at_utc", "kind", "activity", "planned_min", "done_min", "effort_0_10", "items", "completed", "skipped",
    "swapped", "stopped_by_pain", "session",
)  # fmt: skip
ITEM_COLUMNS: Final = ("session", "started_at_utc", "place", "exercise", "outcome", "rating", "pain_0_10")
OUTCOMES: Final = ("completed", "skipped", "swapped", "stopped_by_pain")
_IN_MEMORY: Final = 2**20
_PART: Final = 2**16


class Sheet:
    """A CSV file (RFC 4180) being written, in memory while it is small."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  (closed by SessionSheets)
        self._text = io.StringIO()
        self._rows = csv.writer(self._text)
        self.row(columns)

    def row(self, cells: tuple[Any, ...]) -> None:
        self._rows.writerow([_cell(value) for value in cells])
        self._file.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()

    def parts(self) -> Iterator[bytes]:
        """The file so far, in parts."""
        self._file.seek(0)
        while part := self._file.read(_PART):
            yield part

    def close(self) -> None:
        self._file.close()


class SessionSheets:
    """Both tables, filled session by session."""

    def __enter__(self) -> SessionSheets:
        self.sessions, self.items = Sheet(SESSION_COLUMNS), Sheet(ITEM_COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sessions.close()
        self.items.close()

    def add(self, session: str, data: Mapping[str, Any]) -> None:
        """A session as the record has it. What is missing or of another form is an empty cell, never an error."""
        request = _object(_object(data.get("payload")).get("request"))
        slots = [slot for slot in data.get("slots") or () if isinstance(slot, Mapping)]
        came = [sum(slot.get("outcome") == outcome for slot in slots) for outcome in OUTCOMES]
        activity = request.get("activity")
        self.sessions.row(
            (
                data.get("at"), request.get("kind"), activity if isinstance(activity, str) else "own",
                _minutes(request.get("budget_s")), _minutes(data.get("completed_s")), data.get("rpe"),
                len(slots), *came, session,
            )
        )  # fmt: skip
        for slot in slots:
            told = (slot.get(name) for name in ("place", "slug", "outcome", "rating", "pain"))
            self.items.row((session, data.get("at"), *told))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _minutes(seconds: Any) -> float | None:
    return round(seconds / 60, 1) if isinstance(seconds, int | float) else None


def _cell(value: Any) -> Any:
    """A value that a spreadsheet shows and never runs: text that would be a formula begins with an apostrophe."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value if isinstance(value, str | int | float) or value is None else str(value)
