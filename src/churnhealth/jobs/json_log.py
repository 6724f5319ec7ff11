"""Structured logs: every stage of a job as one line of JSON."""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime
from typing import Any, Self, TextIO

from churnhealth.jobs.stages import LOG, TOLD
from churnhealth.jobs.wiring import utc_now

# The part of an address that is a secret: user:password@ and password=...
_IN_ADDRESS = re.compile(r"(://[^:/@\s]*):[^@\s]+@")
_IN_OPTIONS = re.compile(r"(?i)\b((?:ssl)?password|passwd|secret|token|api_?key)(\s*[=:]\s*)[^\s&;,]+")


class JsonFormatter(logging.Formatter):
    """One line per record: what `Stages` tells; of other records level and message."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as JSON, without secrets."""
        told = getattr(record, TOLD, None) or {
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        return json.dumps(_without_secrets(told), ensure_ascii=False)


class JsonLog(logging.StreamHandler[TextIO]):
    """Writes the stages of jobs to a stream while the block lasts.

    Parameters
    ----------
    stream : TextIO
        Such as standard error.
    job : str
        Named with errors that no stage tells, such as a wrong configuration.

    Attributes
    ----------
    failed : bool
        Was an error written?
    """

    def __init__(self, stream: TextIO, job: str) -> None:
        super().__init__(stream)
        self._job = job
        self.setFormatter(JsonFormatter())
        self.failed = False
        self._level_before = logging.NOTSET

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and remember whether it tells of an error."""
        self.failed |= record.levelno >= logging.ERROR
        super().emit(record)

    def error(self, kind: str, message: str) -> None:
        """Write of an error that no stage has told."""
        if not self.failed:
            told = {"ts": utc_now().isoformat(), "job": self._job, "run_id": None, "stage": None}
            about = {"status": "failed", "error": {"type": kind, "message": message}}
            LOG.error("%s failed", self._job, extra={TOLD: told | about})

    def __enter__(self) -> Self:
        """Begin to write."""
        self._level_before = LOG.level
        LOG.addHandler(self)
        LOG.setLevel(logging.INFO)
        return self

    def __exit__(self, *exception: object) -> None:
        """Write no more."""
        LOG.setLevel(self._level_before)
        LOG.removeHandler(self)


def hidden(text: str) -> str:
    """Take passwords out of a text.

    Examples
    --------
    >>> hidden("postgresql://ann:s3cret@db/crm?password=x refused; token: abc")
    'postgresql://ann:***@db/crm?password=*** refused; token: ***'
    """
    return _IN_OPTIONS.sub(r"\1\2***", _IN_ADDRESS.sub(r"\1:***@", text))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _without_secrets(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return hidden(value.isoformat() if isinstance(value, datetime) else str(value))
