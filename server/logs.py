"""How the process writes its log: one line per event, for people or as JSON, never a secret."""

import json as json_module
import logging
import sys
from collections.abc import MutableMapping
from enum import Enum
from typing import Any

import structlog
from opentelemetry import trace
from structlog.typing import Processor


class LogLevel(Enum):
    """What is written: this and what is graver."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(Enum):
    """How it is written."""

    HUMAN = "human"
    JSON = "json"


_SECRET_KEYS = frozenset(
    {"authorization", "password", "cookie", "set-cookie", "token", "access_token", "key", "jsessionid", "csrf_token"}
)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank what must not be written, whoever gave it."""
    if not _SECRET_KEYS.isdisjoint(map(str.lower, event)):
        for key in event:
            if key.lower() in _SECRET_KEYS:
                event[key] = "[redacted]"
    return event


_ENCODER = json_module.JSONEncoder(ensure_ascii=False, default=repr)


def _written(event: MutableMapping[str, Any], **_: object) -> str:
    return _ENCODER.encode(event)  # made once: json.dumps would make an encoder for every line


def add_trace(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The trace that a line belongs to, where there is one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
    return event


def configure(level: LogLevel, *, json: bool) -> None:
    """Send everything, that of libraries too, to standard error."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
        add_trace,
    ]
    rendering: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_written)]
        if json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    number = logging.getLevelNamesMapping()[level.name]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    logging.getLogger("aiocometd").setLevel(max(number, logging.ERROR))  # links are told of by who uses it
