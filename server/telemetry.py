"""Logs: one JSON object a line on stderr, each with the id of the request it belongs to."""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def _render(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=repr).decode()


def configure(level: str) -> None:
    """Log `level` and above to stderr; libraries' own warnings come out in the same form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_render),
    ]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=_stderr_logger,
    )
    handler = _Stderr()
    handler.set_name("limber")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if each.get_name() == "limber"]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(LEVELS[level], LEVELS["warning"]))


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def _stderr_logger(*_: Any) -> structlog.PrintLogger:
    # Looked up at each use: whoever replaces sys.stderr (a test, a supervisor) gets the lines.
    return structlog.PrintLogger(sys.stderr)
