"""Who may sign in and which device each has; knows nothing of sessions, passwords in use or calls."""

from dataclasses import dataclass

VOICE = "api-voice"
OUTBOUND = "api-voice-outbound"
DISPLAY_NAMES = {VOICE: ("Voice API", "API for Voice"), OUTBOUND: ("Voice API Outbound", "API for Outbound")}


@dataclass(frozen=True)
class Device:
    """A telephone of an agent: its id on the API and its number on the switch."""

    id: str
    number: str


@dataclass(frozen=True)
class User:
    """A user as the configuration has it; ``password`` is the one at the start."""

    name: str
    password: str
    device: Device
    first_name: str = "Demo"
    last_name: str = "Agent"
    roles: tuple[str, ...] = ("ROLE_AGENT",)
    features: tuple[str, ...] = (VOICE, OUTBOUND)

    @property
    def id(self) -> str:
        """32 hexadecimal digits, the same for the same name."""
        return self.name.encode().hex().rjust(32, "0")[-32:]


DEMO_USERS = (
    User("agent1", "demo", Device("efe1ab32-53f9-43ce-b65e-5768c61f7d4a", "5005")),
    User("agent2", "demo", Device("631608b3-ceb1-472b-ba05-2ae39555b0d1", "5006")),
    User("agent3", "demo", Device("3cb9ad32-e019-4fe8-ba15-a8d9e2d66c52", "5007"), features=(VOICE,)),
)


class Directory:
    """The users, found by name, device or number."""

    def __init__(self, users: tuple[User, ...]):
        self.users = {user.name: user for user in users}
        self._by_device = {user.device.id: user for user in users}
        self._by_number = {user.device.number: user for user in users}

    def owner(self, device_id: str) -> User | None:
        """The user of a device."""
        return self._by_device.get(device_id)

    def at(self, number: str) -> User | None:
        """The user who is called by this number."""
        return self._by_number.get(number)
