"""The directory: who works here, with which device, features and password hash; read from TOML, pure.

Every mistake of a file is reported at once, each with its place and the remedy, because a directory is written by hand.
"""

import re
import tomllib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from dialbridge.v1 import user_pb2 as pb
from dialbridge.v1.user_pb2 import ROLE_AGENT, ROLE_SERVICE, ROLE_SUPERVISOR, Role
from server.principal import Principal
from server.toml_table import TomlTable, nearest

FEATURES: Mapping[str, tuple[str, str]] = {
    "api-voice": ("Voice API", "API for Voice"),
    "api-voice-outbound": ("Voice API Outbound", "API for Outbound"),
    "api-supervisor-monitoring": ("Supervisor Monitoring API", "API for supervisor monitoring"),
}
"""The features that dialbridge knows, with display name and description. GWS reference, Features."""
ROLES: Mapping[str, Role.ValueType] = {"agent": ROLE_AGENT, "supervisor": ROLE_SUPERVISOR, "service": ROLE_SERVICE}
MAX_LINES = 10_000

_DEMO_FILE = "demo_directory.toml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_E164 = re.compile(r"\+[0-9]{1,15}")


class DirectoryError(Exception):
    """A directory that cannot be used; the text lists every mistake."""

    def __init__(self, source: str, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(f"{source}: {mistake}" for mistake in mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class ContactCenter:
    """The contact centre that the directory is of."""

    id: str
    name: str
    features: frozenset[str]
    require_session: bool
    """Whether a device is registered only while its agent has a contact centre session."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody, or some program, that may sign in."""

    user_name: str
    id: str
    """32 hexadecimal digits."""
    first_name: str
    last_name: str
    email_address: str
    password_hash: str
    roles: tuple[Role.ValueType, ...]
    features: frozenset[str]
    enabled: bool
    change_password_on_first_login: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A telephone."""

    id: str
    phone_number: str
    user_name: str
    """Whose it is; empty: nobody's."""
    e164_number: str
    description: str
    telephony_network: str
    voice_environment_id: str
    lines: int
    """How many calls that are not held it carries."""


class Directory:
    """All of it, with look-ups that cost the same however large it is."""

    def __init__(
        self, contact_center: ContactCenter, users: Iterable[User], devices: Iterable[Device], *, is_demo: bool = False
    ) -> None:
        self.contact_center = contact_center
        self.is_demo = is_demo
        """Whether everybody knows the passwords."""
        self.users: Mapping[str, User] = {user.user_name: user for user in users}
        self.devices: Mapping[str, Device] = {device.id: device for device in devices}
        self._numbers = {device.phone_number: device for device in self.devices.values()}
        owned: dict[str, list[Device]] = {}
        for device in self.devices.values():
            owned.setdefault(device.user_name, []).append(device)
        self._owned = {user_name: tuple(devices) for user_name, devices in owned.items() if user_name}
        self._principals = {
            user.user_name: Principal(
                user.user_name,
                frozenset(user.roles),
                frozenset(device.id for device in self.devices_of(user.user_name)),
                user.features,
            )
            for user in self.users.values()
        }

    def user(self, user_name: str) -> User | None:
        """The user with this login name."""
        return self.users.get(user_name)

    def device(self, device_id: str) -> Device | None:
        """The device with this id."""
        return self.devices.get(device_id)

    def device_by_number(self, number: str) -> Device | None:
        """The device with this number."""
        return self._numbers.get(number)

    def devices_of(self, user_name: str) -> tuple[Device, ...]:
        """The user's devices, in the order of the file."""
        return self._owned.get(user_name, ())

    def principal(self, user_name: str) -> Principal | None:
        """What the user may do; None for who is not here or not enabled."""
        user = self.users.get(user_name)
        return self._principals[user_name] if user is not None and user.enabled else None

    def contract_user(self, user_name: str) -> pb.User:
        """The user as the contract has it."""
        user = self.users[user_name]
        return pb.User(
            id=user.id,
            user_name=user.user_name,
            first_name=user.first_name,
            last_name=user.last_name,
            email_address=user.email_address,
            roles=user.roles,
            enabled=user.enabled,
            change_password_on_first_login=user.change_password_on_first_login,
            contact_center_id=self.contact_center.id,
        )

    def contract_device(self, device_id: str) -> pb.Device:
        """The device as the contract has it, but for what changes."""
        device = self.devices[device_id]
        return pb.Device(
            id=device.id,
            phone_number=device.phone_number,
            e164_number=device.e164_number,
            description=device.description,
            telephony_network=device.telephony_network,
            voice_environment_id=device.voice_environment_id,
            lines=device.lines,
            user_name=device.user_name,
        )

    def contract_features(self, user_name: str) -> list[pb.Feature]:
        """The features that are on for the user, in the catalogue's order."""
        on = self.users[user_name].features
        return [
            pb.Feature(id=feature, display_name=name, description=description)
            for feature, (name, description) in FEATURES.items()
            if feature in on
        ]

    @classmethod
    def from_toml(cls, text: str, source: str) -> "Directory":
        """Read a directory. Raises `DirectoryError`."""
        return _Reader(source).read(text)

    @classmethod
    def demo(cls) -> "Directory":
        """The embedded directory, whose passwords everybody knows."""
        text = resources.files("server").joinpath(_DEMO_FILE).read_text(encoding="utf-8")
        read = cls.from_toml(text, _DEMO_FILE)
        return cls(read.contact_center, read.users.values(), read.devices.values(), is_demo=True)


class _Reader:
    """Turns TOML into a directory and gathers every mistake on the way."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._mistakes: list[str] = []

    def read(self, text: str) -> Directory:
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise DirectoryError(self._source, [f"not TOML: {error}"]) from None
        top = TomlTable(self._mistakes, "the file", document)
        center = self._contact_center(TomlTable(self._mistakes, "[contact_center]", top.table("contact_center")))
        users = [
            self._user(TomlTable(self._mistakes, f"[[users]] {number}", table), center)
            for number, table in enumerate(top.tables("users"), start=1)
        ]
        names = {user.user_name for user in users}
        devices = [
            self._device(TomlTable(self._mistakes, f"[[devices]] {number}", table), center, names)
            for number, table in enumerate(top.tables("devices"), start=1)
        ]
        top.nothing_else()
        if not users:
            self._mistakes.append("there is no [[users]]; nobody could sign in")
        self._unique("[[users]]", "user_name", [user.user_name for user in users])
        self._unique("[[users]]", "id", [user.id for user in users])
        self._unique("[[devices]]", "id", [device.id for device in devices])
        self._unique("[[devices]]", "phone_number", [device.phone_number for device in devices])
        if self._mistakes:
            raise DirectoryError(self._source, self._mistakes)
        return Directory(center, users, devices)

    def _contact_center(self, table: TomlTable) -> ContactCenter:
        name = table.text("name", required=True)
        center = ContactCenter(
            id=table.uuid("id", f"contact-center:{name}"),
            name=name,
            features=frozenset(table.choices("features", FEATURES, ("api-voice", "api-voice-outbound"))),
            require_session=table.flag("require_session", default=False),
        )
        table.nothing_else()
        return center

    def _user(self, table: TomlTable, center: ContactCenter) -> User:
        name = table.matching("user_name", _NAME, "letters, digits, and . _ @ - after the first", required=True)
        if name:
            table.place = f"[[users]] {name}"
        more = frozenset(table.choices("features", FEATURES, ()))
        fewer = frozenset(table.choices("without_features", FEATURES, ()))
        password_hash = table.text("password_hash", required=True)
        if password_hash and not password_hash.startswith("$argon2id$"):
            table.mistake("password_hash", "must be a line that `dialbridge hash-password` printed")
        user = User(
            user_name=name,
            id=table.matching("id", re.compile("[0-9a-f]{32}"), "32 lower-case hexadecimal digits")
            or uuid.uuid5(uuid.NAMESPACE_URL, f"{center.id}/users/{name}").hex,
            first_name=table.text("first_name"),
            last_name=table.text("last_name"),
            email_address=table.text("email_address"),
            password_hash=password_hash,
            roles=tuple(ROLES[role] for role in table.choices("roles", ROLES, ("agent",))),
            features=(center.features | more) - fewer,
            enabled=table.flag("enabled", default=True),
            change_password_on_first_login=table.flag("change_password_on_first_login", default=False),
        )
        table.nothing_else()
        return user

    def _device(self, table: TomlTable, center: ContactCenter, users: set[str]) -> Device:
        number = table.matching("phone_number", _NUMBER, "an optional + and 1 to 32 of 0-9, * and #", required=True)
        if number:
            table.place = f"[[devices]] {number}"
        owner = table.text("user_name")
        if owner and owner not in users:
            table.mistake("user_name", f"names {owner!r}, who is not among the users{nearest(owner, users)}")
        device = Device(
            id=table.uuid("id", f"{center.id}/devices/{number}"),
            phone_number=number,
            user_name=owner,
            e164_number=table.matching("e164_number", _E164, "+ and 1 to 15 digits"),
            description=table.text("description"),
            telephony_network=table.choice("telephony_network", ("Private", "Public"), "Private"),
            voice_environment_id=table.uuid("voice_environment_id", f"{center.id}/voice-environment"),
            lines=table.number("lines", 1, MAX_LINES, default=1),
        )
        table.nothing_else()
        return device

    def _unique(self, place: str, key: str, values: Sequence[str]) -> None:
        seen: set[str] = set()
        for value in values:
            if value and value in seen:
                self._mistakes.append(f"{place}: {key} {value!r} stands twice; each may stand once")
            seen.add(value)
