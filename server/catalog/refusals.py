"""Why a step at the editors' desk was not done, in words for the person who tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.catalog.content import Problem
from server.catalog.merging import FieldChange, Merged
from server.catalog.shapes import Document

if TYPE_CHECKING:
    from server.catalog.drafts import Draft


class DeskRefusal(ValueError):
    """A step at the desk was not done; the message says why, for the person who tried."""


class Unknown(DeskRefusal):
    """There is no such draft or document."""


class AlreadyOpen(DeskRefusal):
    """The document has an open draft: `draft`."""

    def __init__(self, draft: Draft) -> None:
        super().__init__("Somebody has already begun a change of this. There is one at a time.")
        self.draft = draft


class WrongState(DeskRefusal):
    """The draft (None: the planned release) is not, or no longer, where this step begins."""

    def __init__(self, draft: Draft | None, message: str) -> None:
        super().__init__(message)
        self.draft = draft


class NotAllowed(DeskRefusal):
    """Another person, or another role, is needed."""


class Refused(DeskRefusal):
    """The data have `problems`, each with the field that it is about."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"Some fields need another look: {first.where} {first.message}{more}")


class Conflict(DeskRefusal):
    """Somebody else saved in the meantime. Nothing was written.

    current  the draft as it is now         theirs  what they changed since the version this began from
    mine     what was to be saved           merged  both people's changes, mine in the fields of merged.clashes
    Saving `merged.data`, or what the person chose, with `current.version` settles it. `theirs` and `merged` are None
    for a reviewer, who saves nothing, and where one of the two takes the document back.
    """

    def __init__(
        self,
        current: Draft,
        mine: Document | None = None,
        theirs: Sequence[FieldChange] = (),
        merged: Merged | None = None,
    ) -> None:
        super().__init__("Somebody else has changed this in the meantime. Nothing was overwritten.")
        self.current, self.mine, self.theirs, self.merged = current, mine, list(theirs), merged


class Stale(DeskRefusal):
    """The document itself has changed since the draft began, by another draft, a roll-back or new content files.

    `version` and `document` are the document's now (None: taken back); `merged` is the draft brought onto it, with
    the draft's value in the fields of `merged.clashes`. `rebase` settles it.
    """

    def __init__(self, draft: Draft, version: int, document: Document | None, merged: Merged | None) -> None:
        super().__init__("What this change began from has changed since. Bring it up to date first.")
        self.draft, self.version, self.document, self.merged = draft, version, document, merged
