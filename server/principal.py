"""Who a caller is, once proven: what the directory says of them that decides what they may do; pure."""

from dataclasses import dataclass

from dialbridge.v1.user_pb2 import ROLE_AGENT, ROLE_SERVICE, ROLE_SUPERVISOR, Role


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller."""

    user_name: str
    roles: frozenset[Role.ValueType]
    device_ids: frozenset[str]
    """The caller's own devices."""
    features: frozenset[str]
    """Ids of the features that are on for the caller."""

    @property
    def is_agent(self) -> bool:
        """Whether the caller dials and controls calls of their own devices."""
        return ROLE_AGENT in self.roles

    @property
    def sees_all(self) -> bool:
        """Whether the caller may watch every call of the contact centre."""
        return ROLE_SUPERVISOR in self.roles or ROLE_SERVICE in self.roles
