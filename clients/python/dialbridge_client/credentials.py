"""What proves a caller to the server: the ``authorization`` metadata, made from a password or a token."""

import base64
from dataclasses import dataclass, field

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Basic:
    """A login name and a password."""

    user_name: str
    password: str = field(repr=False)

    @property
    def metadata(self) -> Metadata:
        """The metadata to send."""
        encoded = base64.b64encode(f"{self.user_name}:{self.password}".encode()).decode()
        return (("authorization", f"Basic {encoded}"),)


@dataclass(frozen=True, slots=True)
class Bearer:
    """An access token, as ``UserService.SignIn`` gives it."""

    token: str = field(repr=False)

    @property
    def metadata(self) -> Metadata:
        """The metadata to send."""
        return (("authorization", f"Bearer {self.token}"),)


Credentials = Basic | Bearer
