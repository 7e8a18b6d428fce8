"""One JSON object a line, with the trace id of the request or task it belongs to."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from core.trace import current_trace_id


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON line; never carries request bodies or prompts."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object on one line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": current_trace_id(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
