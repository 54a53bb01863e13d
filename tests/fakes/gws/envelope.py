"""The envelope of every answer and its HTTP status; knows no resource."""

import json
from dataclasses import dataclass, field
from typing import Any

HTTP_STATUS = {
    0: 200, 1: 400, 2: 400, 3: 403, 4: 500, 5: 403, 6: 404, 7: 200, 8: 403, 9: 200, 10: 400, 11: 400,
    12: 500, 13: 500, 14: 500, 15: 500, 16: 500, 17: 500, 18: 409, 19: 409, 20: 403,
}  # fmt: skip


def compact(value: object) -> str:
    """JSON as the server writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Answer:
    """A status code and what comes with it."""

    code: int = 0
    members: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return HTTP_STATUS[self.code]

    @property
    def text(self) -> str:
        """The body."""
        return compact({"statusCode": self.code} | self.members)


class Refused(Exception):
    """An operation that is answered with an error; nothing was changed."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.answer = Answer(code, {"statusMessage": message})


def missing(name: str) -> Refused:
    """A required parameter is not there."""
    return Refused(1, f"Required parameter '{name}' is missing.")


def not_valid(operation: str) -> Refused:
    """The operation does not fit the state."""
    return Refused(2, f"Operation '{operation}' is not valid in the current state.")


def not_found() -> Refused:
    """No such resource."""
    return Refused(6, "Resource not found.")


def access_denied() -> Refused:
    """Nobody is signed in."""
    return Refused(20, "Access denied")
