"""Log lines as JSON, each with the id of the request it belongs to."""

import logging
import os
import re
from contextvars import ContextVar

import orjson

#: Set by RequestIdMiddleware for the length of a request; "-" outside one.
request_id: ContextVar[str] = ContextVar("request_id", default="-")
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

#: An access token, which paths like /auth/{token} hold.
_TOKEN = re.compile(r"\b([0-9A-Za-z]{4})[0-9A-Za-z]{60,}\b")


def hide_tokens(text: str) -> str:
    """A text with what may be access tokens cut short."""
    return _TOKEN.sub(r"\1...", text)


def identify(given: str) -> str:
    """The id of a request: the one a proxy sent if it is well formed, else a new one."""
    return given if _GIVEN_ID.fullmatch(given) else os.urandom(16).hex()


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request id, traceback if any; tokens are cut short."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname,
            "logger": record.name,
            "message": hide_tokens(record.getMessage()),
            "request_id": getattr(record, "request_id", "-"),
        }
        if record.exc_info:
            line["traceback"] = hide_tokens(self.formatException(record.exc_info))
        return orjson.dumps(line, default=str).decode(errors="replace")
