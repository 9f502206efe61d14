"""The log: one line for what happened, for people (console) or for machines (JSON), on stderr."""

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from .request_records import LONGEST_NAME, RequestRecord

request_logger: Final = logging.getLogger("web.requests")


class ConsoleLines(logging.Formatter):
    """A line for a person's terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, severity and message, then what it is about."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        about = "".join(f" {name}={value}" for name, value in _fields(record).items())
        return f"{clock} {record.levelname.lower():7} {record.getMessage()}{about}{_trace(record)}"


class JsonLines(logging.Formatter):
    """A line that is a JSON object, with the time as RFC 3339 has it."""

    def format(self, record: logging.LogRecord) -> str:
        """One object; a line break in it would be escaped."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        told = {
            "time": f"{moment}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() + _trace(record),
            **_fields(record),
        }
        return json.dumps(told, ensure_ascii=False, default=str)


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    return getattr(record, "fields", None) or {}


def _trace(record: logging.LogRecord) -> str:
    """Where an exception came from; never what it says: it may hold a caller's values."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    kind, _, place = record.exc_info
    frame = place
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {frame.tb_frame.f_code.co_qualname}:{frame.tb_lineno}" if frame else ""
    return f" ({kind.__name__ if kind else 'exception'}{where})"


def configure(log_format: str, level: str) -> None:
    """Send all log lines of this process to stderr, in one form."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonLines() if log_format == "json" else ConsoleLines())
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(level.upper())
    # Uvicorn tells at length what this process tells itself in one line.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # Its loop tells of clients that went away as if they were errors of ours.
    logging.getLogger("asyncio").setLevel(logging.ERROR)


def log_request(record: RequestRecord) -> None:
    """One line a request: what, how long, at what price and with which codes."""
    level = logging.WARNING if record.status >= 500 else logging.INFO  # noqa: PLR2004 - 5xx
    if not request_logger.isEnabledFor(level):
        return
    caller = record.caller
    fields = {
        "request_id": record.request_id,
        "operation": (record.name or "")[:LONGEST_NAME],
        "kind": record.kind or "",
        "status": record.status,
        "ms": round(record.seconds * 1000, 1),
        "upstream_requests": caller.requests if caller else 0,
        "bytes": record.answered_bytes,
    }
    if record.codes:
        fields["codes"] = ",".join(record.codes)
    request_logger.log(level, "request", extra={"fields": fields})
