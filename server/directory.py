"""The directory: who works here, with which device, features and password hash; read from TOML, pure.

Every mistake of a file is reported at once, each with its place and the remedy, because a directory is written by hand.
"""

import difflib
import re
import tomllib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from dialbridge.v1 import user_pb2 as pb
from dialbridge.v1.user_pb2 import ROLE_AGENT, ROLE_SERVICE, ROLE_SUPERVISOR, Role
from server.principal import Principal

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
        top = _Table(self, "the file", document)
        center = self._contact_center(_Table(self, "[contact_center]", top.table("contact_center")))
        users = [
            self._user(_Table(self, f"[[users]] {number}", table), center)
            for number, table in enumerate(top.tables("users"), start=1)
        ]
        names = {user.user_name for user in users}
        devices = [
            self._device(_Table(self, f"[[devices]] {number}", table), center, names)
            for number, table in enumerate(top.tables("devices"), start=1)
        ]
        top.nothing_else()
        if not users:
            self.mistake("there is no [[users]]; nobody could sign in")
        self._unique("[[users]]", "user_name", [user.user_name for user in users])
        self._unique("[[users]]", "id", [user.id for user in users])
        self._unique("[[devices]]", "id", [device.id for device in devices])
        self._unique("[[devices]]", "phone_number", [device.phone_number for device in devices])
        if self._mistakes:
            raise DirectoryError(self._source, self._mistakes)
        return Directory(center, users, devices)

    def mistake(self, text: str) -> None:
        self._mistakes.append(text)

    def _contact_center(self, table: "_Table") -> ContactCenter:
        name = table.text("name", required=True)
        center = ContactCenter(
            id=table.uuid("id", f"contact-center:{name}"),
            name=name,
            features=frozenset(table.choices("features", FEATURES, ("api-voice", "api-voice-outbound"))),
            require_session=table.flag("require_session", default=False),
        )
        table.nothing_else()
        return center

    def _user(self, table: "_Table", center: ContactCenter) -> User:
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

    def _device(self, table: "_Table", center: ContactCenter, users: set[str]) -> Device:
        number = table.matching("phone_number", _NUMBER, "an optional + and 1 to 32 of 0-9, * and #", required=True)
        if number:
            table.place = f"[[devices]] {number}"
        owner = table.text("user_name")
        if owner and owner not in users:
            table.mistake("user_name", f"names {owner!r}, who is not among the users{_nearest(owner, users)}")
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
                self.mistake(f"{place}: {key} {value!r} stands twice; each may stand once")
            seen.add(value)


class _Table:
    """One TOML table being read, its place named in every mistake."""

    def __init__(self, reader: _Reader, place: str, values: Mapping[str, Any]) -> None:
        self._reader = reader
        self.place = place
        self._values = values
        self._known: list[str] = []

    def mistake(self, key: str, text: str) -> None:
        self._reader.mistake(f"{self.place}: {key} {text}")

    def table(self, key: str) -> Mapping[str, Any]:
        value = self._take(key)
        if not isinstance(value, dict):
            self.mistake(f"[{key}]", "is missing" if value is None else "must be a table")
            return {}
        return value

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.mistake(key, f"must be tables: [[{key}]]")
            return []
        return value

    def text(self, key: str, *, required: bool = False) -> str:
        value = self._take(key)
        if value is None or value == "":
            if required:
                self.mistake(key, "is missing")
            return ""
        if not isinstance(value, str):
            self.mistake(key, f"must be a text in quotes, not {value!r}")
            return ""
        return value

    def matching(self, key: str, pattern: re.Pattern[str], described: str, *, required: bool = False) -> str:
        value = self.text(key, required=required)
        if value and not pattern.fullmatch(value):
            self.mistake(key, f"must be {described}, not {value!r}")
            return ""
        return value

    def uuid(self, key: str, otherwise: str) -> str:
        """A UUID; without one, one that always follows from ``otherwise``."""
        value = self.text(key)
        if not value:
            return str(uuid.uuid5(uuid.NAMESPACE_URL, otherwise))
        try:
            return str(uuid.UUID(value))
        except ValueError:
            self.mistake(key, f"must be a UUID such as {uuid.uuid5(uuid.NAMESPACE_URL, otherwise)}, not {value!r}")
            return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.mistake(key, f"must be true or false, not {value!r}")
            return default
        return value

    def number(self, key: str, least: int, most: int, *, default: int) -> int:
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.mistake(key, f"must be a number from {least} to {most}, not {value!r}")
            return default
        return value

    def choice(self, key: str, offered: Sequence[str], default: str) -> str:
        value = self.text(key) or default
        if value not in offered:
            self.mistake(key, f"must be one of {', '.join(offered)}, not {value!r}{_nearest(value, offered)}")
            return default
        return value

    def choices(self, key: str, offered: Iterable[str], default: Sequence[str]) -> Sequence[str]:
        value = self._take(key)
        if value is None:
            return default
        names = list(offered)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.mistake(key, f"must be a list of texts, of {', '.join(names)}")
            return default
        for each in value:
            if each not in names:
                self.mistake(key, f"has {each!r}, which is none of {', '.join(names)}{_nearest(each, names)}")
        return [each for each in value if each in names]

    def nothing_else(self) -> None:
        """Report keys that nobody asked for, which are most often misspelt."""
        for key in self._values:
            if key not in self._known:
                self.mistake(key, f"is not known here{_nearest(key, self._known)}")

    def _take(self, key: str) -> Any:
        self._known.append(key)
        return self._values.get(key)


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
