"""How a GWS, or the way to it, says no; sorted by what is certain about what was asked."""


class GwsError(Exception):
    """Something was not done, or may not have been."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(GwsError):
    """It understood and refused: nothing happened."""

    def __init__(self, message: str, *, http_status: int, status_code: int | None) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.status_code = status_code
        """The ``statusCode`` of the envelope; None where there was no envelope. GWS reference, Return Values."""


class Unreachable(GwsError):
    """It was not asked: nothing happened."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which asking again makes sense."""


class Unanswered(GwsError):
    """It was asked and gave no answer that can be understood: what was asked may have happened."""
