"""The format of logs: lines for people, or one JSON object per line. Secrets are replaced."""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from typing import Literal

SECRET = re.compile(
    r"(?<=://)[^/@\s]*@|(?<=Bearer )\S+|(?<=password=)\S+|\b(?:ak|share|opened)_[\w.-]+",
    re.IGNORECASE,
)

LogFormat = Literal["text", "json"]


class TextFormatter(logging.Formatter):
    """Level, logger and message, for people."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return SECRET.sub("[secret]", super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object in one line, whatever the message contains."""

    def format(self, record: logging.LogRecord) -> str:
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
    return SECRET.sub("[secret]", value) if isinstance(value, str) else value


def configure_logs(form: LogFormat) -> None:
    """Writes the logs of this process to stderr in this format, unless logging is configured."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
