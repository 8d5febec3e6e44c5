"""What a device does with `learn.onnx`, in Python: keep a state, feed it, read `personal` from it. numpy, onnxruntime.

learner = Learner.load("learn.onnx")
state = learner.update(learner.initial_state(), catalog, [("cat-cow", 2), ("plank-hold", -1)])
personal = learner.personal(state, catalog)     # the generator's input
text = learner.to_text(state)                   # what a device stores, and sends as history.learned
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from model_export.encode import Array, Catalog, encode_rows, region_rows
from model_export.personal.spec import CONTRACT
from model_export.request import RequestError
from model_export.session import open_session

__all__ = ["Learner", "LearnerError"]

FIELD = "history.learned"
HEADER = 12
"""Bytes before the matrix in a state's text: contract, tag and rows seen, int32 each. A checksum of 4 follows it."""


class LearnerError(ValueError):
    """The file is not a learner this runtime can use."""


@dataclass(frozen=True)
class Learner:
    """A loaded `learn.onnx`: session, SHA-256 of its file, and the metadata that travels in it."""

    session: ort.InferenceSession
    sha256: str
    state: dict[str, int]
    feedback: dict[str, Any]
    points: dict[str, int]
    taste: list[dict[str, Any]]
    vocabulary: dict[str, list[str]]
    feature_spec: list[dict[str, Any]]

    @classmethod
    def load(cls, source: str | Path | bytes, threads: int = 1) -> Learner:
        """From a path or the file's bytes. Raises LearnerError with what is wrong."""
        names = ("state", "feedback", "points", "taste", "vocabulary", "feature_spec")
        opened = open_session(source, "learner", LearnerError, ("learn_contract", CONTRACT), names, threads)
        return cls(opened.session, opened.sha256, **opened.metadata)

    def initial_state(self) -> Array:
        """[state length] of somebody nothing is known of: zeros. A reset is this state."""
        return np.zeros(self.state["length"], np.int32)

    def update(self, state: Array, catalog: Catalog, feedback: Iterable[tuple[str, int]]) -> Array:
        """The state after feedback, oldest first: (slug, reward -2..2). How it is cut into batches changes nothing.

        An exercise that the catalogue no longer has is left out. Raises ValueError naming the exercise for a reward
        outside its range.
        """
        rows = []
        for slug, value in feedback:
            if not isinstance(value, int | np.integer) or abs(value) > self.feedback["most"]:
                raise ValueError(f"reward of {slug} is {value!r}, not a whole number from -2 to 2")
            if slug in catalog.places:
                rows.append((catalog.places[slug], int(value)))
        size = self.feedback["rows"]
        for start in range(0, len(rows), size):
            state = self.run(state, catalog, rows[start : start + size])["state_out"]
        return state

    def personal(self, state: Array, catalog: Catalog) -> Array:
        """[N] score points for the generator's input `personal`, at most `points.most` either way."""
        return self.run(state, catalog, [])["personal"]

    def run(self, state: Array, catalog: Catalog, rows: Sequence[tuple[int, int]]) -> dict[str, Array]:
        """The graph's outputs `state_out` and `personal` for up to `feedback.rows` rows of (item index, reward).

        Raises LearnerError for a file whose graph does not run.
        """
        feedback = np.full((self.feedback["rows"], len(self.feedback["columns"])), -1, np.int32)
        feedback[: len(rows)] = np.array(rows, np.int32).reshape(len(rows), feedback.shape[1])
        inputs = {**self.tensors(catalog), "state": state, "feedback": feedback}
        names = ["state_out", "personal"]
        try:
            return dict(zip(names, self.session.run(names, inputs), strict=True))
        except Exception as error:  # onnxruntime raises classes of its own for a graph that fails
            raise LearnerError(f"the learner does not run: {error}") from error

    def tensors(self, catalog: Catalog) -> dict[str, Array]:
        """The catalogue's tensors that the graph reads, the same as the generator's; cached on the catalogue."""
        if self.sha256 not in catalog.cache:
            known = self.vocabulary
            made = {
                entry["tensor"]: encode_rows(
                    catalog.exercises, entry, known.get(entry.get("vocabulary", ""), ())
                )
                for entry in self.feature_spec
            }
            made["muscle_region"] = region_rows(
                catalog.vocabulary["muscles"], known["muscles"], known["regions"]
            )
            catalog.cache[self.sha256] = made
        return catalog.cache[self.sha256]

    def to_text(self, state: Array) -> str:
        """A state as base64, little-endian: contract, tag of the features and rows seen as int32, then of every row of
        the matrix what stands on and right of the diagonal as int16, then FNV-1a of all bytes before as uint32.

        The covariance is symmetric and no entry leaves int16, so this is all of it at a quarter of the length.
        """
        header = np.array([CONTRACT, self.state["tag"], state[0]], "<i4")
        rows = [row[place:] for place, row in enumerate(self.matrix(state))]
        content = header.tobytes() + np.concatenate(rows).astype("<i2").tobytes()
        return base64.b64encode(content + checksum(content).to_bytes(4, "little")).decode()

    def from_text(self, text: Any) -> Array:
        """The state of a text. Raises RequestError on `history.learned`, saying what is wrong with it."""
        if not isinstance(text, str):
            raise RequestError(FIELD, "must be the text that a learner gave")
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise RequestError(FIELD, "is not base64: the learned state is damaged") from error
        if len(content) < HEADER:
            raise RequestError(FIELD, f"holds {len(content)} bytes: the learned state is cut off")
        contract, tag, seen = np.frombuffer(content[:HEADER], "<i4").tolist()
        if contract != CONTRACT:
            raise RequestError(FIELD, f"was learned under contract {contract}, this model speaks {CONTRACT}")
        if tag != self.state["tag"]:
            raise RequestError(FIELD, "was learned with other taste features than this model's")
        k = self.state["features"]
        expected = HEADER + k * (k + 3) + 4
        if len(content) != expected:
            raise RequestError(FIELD, f"holds {len(content)} bytes instead of {expected}: it is damaged")
        if checksum(content[:-4]).to_bytes(4, "little") != content[-4:]:
            raise RequestError(FIELD, "is damaged: its checksum does not match")
        state = self.initial_state()
        state[0], matrix = seen, self.matrix(state)
        upper = np.triu_indices(k, 0, k + 1)
        matrix[upper] = np.frombuffer(content[HEADER:-4], "<i2")
        matrix[:, :k].T[np.triu_indices(k)] = matrix[:, :k][np.triu_indices(k)]
        # Numbers that learning cannot have made, whatever their checksum.
        if seen < 0 or np.abs(matrix).max() > self.state["bound"] or matrix.diagonal().max() > 0:
            raise RequestError(FIELD, "is not a state that learning can reach")
        return state

    def matrix(self, state: Array) -> Array:
        """[K, K + 1] of a state: covariance less its prior, and in the last column the tastes."""
        return state[1:].reshape(self.state["features"], self.state["features"] + 1)

    def personal_of(self, catalog: Catalog, text: Any) -> tuple[Array, str]:
        """`personal` [N] for a stored text, and why it was left aside ("" where it was not): then it is zeros.

        A person with a state that cannot be read gets the routine of somebody who never learned, and may be told.
        """
        nothing = np.zeros(len(catalog.exercises), np.int32)
        if text is None:
            return nothing, ""
        try:
            return self.personal(self.from_text(text), catalog), ""
        except RequestError as error:
            return nothing, error.reason


def checksum(content: bytes) -> int:
    """FNV-1a, 32 bits (Fowler, Noll, Vo)."""
    h = 2166136261
    for byte in content:
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    return h
