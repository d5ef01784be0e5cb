"""Logs: one line for people, or one JSON object a line for machines. Never with a secret."""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from typing import Literal

SECRET = re.compile(r"(?<=://)[^/@\s]*@|(?<=Bearer )\S+|(?<=password=)\S+", re.IGNORECASE)

LogFormat = Literal["text", "json"]


class TextFormatter(logging.Formatter):
    """Level, who says it, what."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the traceback below it if there is one."""
        return SECRET.sub("[secret]", super().format(record))


class JsonFormatter(logging.Formatter):
    """The same as JSON, one line whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps({key: hide(value) for key, value in line.items()})


def hide(value: object) -> object:
    """A value without secrets."""
    return SECRET.sub("[secret]", value) if isinstance(value, str) else value


def configure_logs(form: LogFormat) -> None:
    """Makes what is logged in this process come out in this form, if nobody has seen to that."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
