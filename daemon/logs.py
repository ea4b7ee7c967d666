"""Log lines on standard error, one JSON object each: a stable `event` key and the record's ids, never a content."""

from __future__ import annotations

import json
import logging
import sys

STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class Lines(logging.Formatter):
    """One JSON object a line; systemd's journal adds the time."""

    def format(self, record: logging.LogRecord) -> str:
        """The event, its level, what was given along, and the traceback of a program's fault."""
        told = {k: v for k, v in record.__dict__.items() if k not in STANDARD}
        line = {
            "event": told.pop("event", record.name),
            "level": record.levelname.lower(),
            "text": record.getMessage(),
            **told,
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: int = logging.INFO) -> None:
    """Sends the daemon's own lines to standard error; libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("daemon").setLevel(level)
