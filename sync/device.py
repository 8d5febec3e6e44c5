"""The reference device: a folder that holds the catalogue and a model, and works without a network.

Network, clock and model check are handed in, so a test can replay any story exactly. A folder holds
`replica.sqlite`, `models/<sha256>.onnx` and a lock file; several processes may read it, one at a time may
sync it.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sync import account_copy, device_health, device_model, device_sync, outbox, replica
from sync.device_account import Token
from sync.device_model import CheckModel
from sync.device_records import Records
from sync.device_sync import Report
from sync.replica import DeviceError, NoReplica
from sync.transport import Send, Transport

__all__ = ["Device", "Report"]

T = TypeVar("T")


class Device(Records):
    """One device in `directory`. Nothing is opened until a method is called."""

    @property
    def models(self) -> Path:
        """Where the models are kept."""
        return self.directory / "models"

    def sync(
        self,
        transport: Transport,
        trusted: Mapping[str, str] | None,
        check_model: CheckModel,
        runtime: Mapping[str, str] | None = None,
        page_limit: int | None = None,
        send: Send | None = None,
        token: Token | None = None,
        *,
        if_due: bool = False,
    ) -> Report:
        """Bring everything up to date: catalogue, model, and with `token` the records of the account.

        `send` tells the server how models do here, and carries the account. `trusted` ({key id: public key}) replaces
        the pinned keys. Without it the pinned ones are used, and before there are any, those of `/v1/keys`, which are
        pinned once something signed by them is let in. With `if_due` nothing is done before the server wants it. A
        failure of the server or the network is in the report and leaves everything as it was; raises DeviceError only
        for a folder that cannot be used.
        """
        self._make_folder()
        with replica.lock(self.directory), replica.opened(self.directory, create=True) as db:
            asked = device_sync.Asked(
                transport, check_model, trusted, runtime or {}, page_limit, send, token, if_due
            )
            return device_sync.sync(db, self.models, asked, self.clock, self.entropy)

    def catalogue(self) -> tuple[int, list[dict[str, Any]]]:
        """Number and documents of the release held, each {"collection", "id", "data"}, by collection and id.

        Raises NoReplica when no release was let in yet.
        """
        with replica.opened(self.directory) as db, replica.snapshot(db):
            held = replica.recall(db, "catalog")
            if held is None:
                raise NoReplica(f"{self.directory} holds no catalogue release yet; sync it first")
            return held["release"], replica.documents(db)

    def documents(self) -> list[dict[str, Any]]:
        """The documents of `catalogue()`."""
        return self.catalogue()[1]

    def model_path(self) -> Path | None:
        """The file of the model in use, checked by its hash; None when there is none."""
        return self._model("current")

    def previous_model_path(self) -> Path | None:
        """The file of the model that was in use before; None when there is none."""
        return self._model("previous")

    def report_model_failure(self) -> bool:
        """Tell that the current model failed.

        After the third time in a row the previous one takes its place: True.
        """
        with replica.opened(self.directory) as db:
            return device_model.note_failure(db, self.models)

    def report_model_success(self) -> None:
        """Tell that the current model did its work."""
        with replica.opened(self.directory) as db:
            device_model.note_success(db)

    def report_outcomes(self, sha256: str, **counts: int) -> None:
        """Count what became of the items of a routine that the model with this hash made.

        `completed`, `skipped`, `swapped`, `pain`: see sync.health.COUNTS.
        """
        with replica.opened(self.directory) as db:
            models = device_model.recall(db)
            known = [e for e in (models["current"], models["previous"]) if e and e["sha256"] == sha256]
            device_health.note(db, sha256, known[0].get("channel", "stable") if known else "stable", **counts)

    def run_model(
        self,
        run: Callable[[Any], T],
        not_its_fault: tuple[type[Exception], ...] = (),
        rejected: tuple[type[Exception], ...] = (),
        prepare: Callable[[Path], Any] = Path,
    ) -> tuple[T, list[str]]:
        """Do `run(prepare(model file))` with the current model, or with the previous one when that raises.

        Returns the result and notes for the person: what failed, which model did it instead.
        Exceptions of `not_its_fault` (a malformed request) pass through; those of `rejected` say that the checker
        refused the plan. Only `run` is timed: an app prepares a model once. Raises DeviceError when no model does it.
        """
        notes: list[str] = []
        current, previous = self.model_path(), self.previous_model_path()
        if current is None and previous is None:
            raise NoReplica(f"{self.directory} holds no usable model; sync it first")
        if current is not None:
            try:
                result = self._counted(run, prepare, current, not_its_fault, rejected)
            except not_its_fault:
                raise
            except Exception as error:
                notes.append(f"the current model failed ({error or type(error).__name__})")
                if self.report_model_failure():
                    notes.append("it failed too often: the previous model takes its place from now on")
            else:
                self.report_model_success()
                return result, notes
        else:
            notes.append("the current model's file is missing or damaged")
        if previous is None:
            raise DeviceError(f"{notes[0]}, and there is no previous one; sync again")
        notes.insert(1, "the previous model made this")
        try:
            return self._counted(run, prepare, previous, not_its_fault, rejected), notes
        except not_its_fault:
            raise
        except Exception as error:
            raise DeviceError(f"{notes[0]}, and so did the previous one ({error}); sync again") from error

    def _counted(
        self,
        run: Callable[[Any], T],
        prepare: Callable[[Path], Any],
        model: Path,
        not_its_fault: tuple[type[Exception], ...],
        rejected: tuple[type[Exception], ...],
    ) -> T:
        """`run(prepare(model))`, counted for the next report."""
        counts = {"runs": 1}
        took: float | None = None
        try:
            prepared = prepare(model)
            began = time.perf_counter()
            result = run(prepared)
            took = (time.perf_counter() - began) * 1e3
        except not_its_fault:
            counts = {}
            raise
        except rejected:
            counts["rejections"] = 1
            raise
        except Exception:
            counts["failures"] = 1
            raise
        finally:
            if counts:
                with replica.opened(self.directory) as db:
                    models = device_model.recall(db)
                    entries = (e for e in (models["current"], models["previous"]) if e)
                    channel = next((e.get("channel") for e in entries if e["sha256"] == model.stem), None)
                    device_health.note(db, model.stem, channel or "stable", took, **counts)
        return result

    def status(self) -> dict[str, Any]:
        """What the device holds, as JSON values.

        Raises NoReplica when nothing was ever synced into the folder.
        """
        with replica.opened(self.directory) as db, replica.snapshot(db):
            held = replica.recall(db, "catalog") or {}
            models = device_model.recall(db)
            count = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("document", "staged")}  # noqa: S608
            pins, last_sync = replica.recall(db, "pins") or {}, replica.recall(db, "last_sync")
            account, changes = replica.recall(db, "account"), outbox.counts(db)
            place, records = account_copy.place(db), len(account_copy.records(db))
        confirmed, current = held.get("confirmed_at"), models["current"]
        return {
            "release": held.get("release"),
            "documents": count["document"],
            "staged": count["staged"],
            "digest": held.get("digest"),
            "epoch": held.get("epoch"),
            "published_at": held.get("published_at"),
            "cursor_age_s": round(self._age(confirmed)) if confirmed else None,
            "pinned_keys": sorted(pins),
            "model": self._model_status(current),
            "previous_model": self._model_status(models["previous"]),
            "model_failures": models["failures"],
            "last_sync": last_sync,
            "account": account,
            "records": records,
            "copied": not place.full,
            "pending": changes["pending"] + changes["acked"],
            "refused": changes["refused"],
        }

    def _model_status(self, entry: dict[str, Any] | None) -> dict[str, Any] | None:
        if entry is None:
            return None
        shown = {name: entry[name] for name in ("sha256", "sequence", "expires_at", "key_id")}
        expired = self._age(entry["expires_at"]) >= 0
        return shown | {"expired": expired, "intact": device_model.intact(self.models, entry)}

    def _age(self, instant: str) -> float:
        return (self.clock() - datetime.fromisoformat(instant)).total_seconds()

    def _model(self, which: str) -> Path | None:
        with replica.opened(self.directory) as db:
            entry = device_model.recall(db)[which]
        return (
            device_model.model_file(self.models, entry["sha256"])
            if device_model.intact(self.models, entry)
            else None
        )
