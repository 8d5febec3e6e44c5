"""The list of training runs: what is in the folders, read again each time. There is no other record to fall behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model_export.learning.training import RUN

HEAD = ("run", "made", "slots", "AUC", "Brier", "ECE", "AUC later", "trees", "prior R2", "scorer")


@dataclass(frozen=True)
class Found:
    """One run: its folder, when run.json was written, and what it says."""

    folder: Path
    made: datetime
    run: dict[str, Any]

    def cells(self) -> tuple[str, ...]:
        """One line of the list; a dash where a run on the prior alone has no such figure."""
        cv = self.run.get("cross_validation")
        means = cv["table"][cv["chosen"]]["mean"] if cv else {}

        def figure(split: str, name: str) -> str:
            return f"{means[split][name]:.3f}" if name in means.get(split, {}) else "-"

        return (
            self.folder.name,
            f"{self.made:%Y-%m-%d %H:%M}",
            f"{self.run['dataset']['slots']:,}" if "dataset" in self.run else "prior",
            figure("person", "auc"),
            figure("person", "brier"),
            figure("person", "ece"),
            figure("time", "auc"),
            str(self.run.get("params", {}).get("trees", "-")),
            f"{self.run.get('r2_of_the_shipped_trees', float('nan')):.3f}",
            str(self.run.get("scorer_sha256", "-"))[:12],
        )


def find(folder: Path) -> list[Found]:
    """Runs directly in `folder`, newest first; a folder without a readable run.json is none."""
    found = []
    for path in sorted(folder.glob(f"*/{RUN}")):
        try:
            run = json.loads(path.read_text())
        except ValueError:
            continue
        if isinstance(run, dict) and "features" in run:
            made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found.append(Found(path.parent, made, run))
    return sorted(found, key=lambda one: (one.made, one.folder.name), reverse=True)


def table(found: list[Found]) -> str:
    """The list as aligned text, numbers to the right."""
    rows = [HEAD, *(one.cells() for one in found)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
