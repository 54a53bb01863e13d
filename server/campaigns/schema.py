"""The tables of campaigns, and a record as a row of them; what is done with them, the calling lists say."""

from dataclasses import dataclass, field
from enum import IntEnum

from dialbridge.v1.user_data_pb2 import UserData
from server.campaigns.call_windows import ALWAYS, CallWindow

PHONE_TYPES = (
    "NoContactType",
    "HomePhone",
    "DirectBusinessPhone",
    "BusinessWithExt",
    "Mobile",
    "VacationPhone",
    "Pager",
    "Modem",
    "VoiceMail",
    "PinPager",
    "EmailAddress",
    "InstantMessaging",
)
"""GWS reference, Create Record."""


class State(IntEnum):
    """Where a record is. The numbers are in the file."""

    READY = 0
    """To be called for the first time, or again after it was given back."""
    CALLBACK = 1
    """To be called again when it is due, by any agent."""
    PERSONAL = 2
    """To be called again when it is due, by one agent."""
    WAITING = 3
    """Its chain has another record that is called first."""
    HELD = 4
    """An agent has it."""
    DONE = 5


MIGRATIONS = (
    f"""
    CREATE TABLE campaigns (
        name TEXT PRIMARY KEY, application_id INTEGER NOT NULL, group_name TEXT NOT NULL, description TEXT NOT NULL,
        lease REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE lists (campaign TEXT NOT NULL, list TEXT NOT NULL, PRIMARY KEY (campaign, list)) WITHOUT ROWID;
    CREATE TABLE windows (
        id INTEGER PRIMARY KEY, time_zone TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
        UNIQUE (time_zone, since, until)
    );
    CREATE TABLE records (
        handle INTEGER PRIMARY KEY AUTOINCREMENT, list TEXT NOT NULL, chain INTEGER, chain_n INTEGER NOT NULL,
        phone TEXT NOT NULL, number TEXT NOT NULL, phone_type TEXT NOT NULL, caller_id TEXT NOT NULL,
        window INTEGER NOT NULL, other_fields BLOB NOT NULL, state INTEGER NOT NULL, was INTEGER NOT NULL,
        due REAL NOT NULL, callback_for TEXT NOT NULL, attempts INTEGER NOT NULL, call_result TEXT NOT NULL,
        holder TEXT NOT NULL, held_for TEXT NOT NULL, lease_end REAL NOT NULL
    );
    CREATE INDEX next_record ON records (list, state, window, due) WHERE state <= {State.CALLBACK:d};
    CREATE INDEX personal_callback ON records (callback_for, due) WHERE state = {State.PERSONAL:d};
    CREATE INDEX held_until ON records (lease_end) WHERE state = {State.HELD:d};
    CREATE INDEX held_by ON records (holder) WHERE state = {State.HELD:d};
    CREATE INDEX chain_of ON records (list, chain, chain_n);
    CREATE TABLE do_not_call (number TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY, handle INTEGER NOT NULL, at REAL NOT NULL, user_name TEXT NOT NULL,
        campaign TEXT NOT NULL, phone TEXT NOT NULL, call_result TEXT NOT NULL
    );
    CREATE INDEX attempts_of ON attempts (handle);
    CREATE TABLE sessions (
        user_name TEXT NOT NULL, campaign TEXT NOT NULL, device_id TEXT NOT NULL, PRIMARY KEY (user_name, campaign)
    ) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign."""

    name: str
    application_id: int
    group_name: str
    description: str
    lease: float
    """Seconds that an agent has a record."""


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to be put on a list."""

    phone: str
    number: str
    """The digits of ``phone``."""
    phone_type: str = ""
    caller_id: str = ""
    window: CallWindow = ALWAYS
    chain: int | None = None
    """None: a chain of its own."""
    chain_n: int | None = None
    """The place in the chain; None: the last."""
    other_fields: UserData = field(default_factory=UserData)


@dataclass(frozen=True, slots=True)
class CallingRecord:
    """A record as it is."""

    handle: int
    list: str
    chain: int | None
    """None: a chain of its own."""
    chain_n: int
    phone: str
    number: str
    phone_type: str
    caller_id: str
    window: CallWindow
    other_fields: UserData
    state: State
    attempts: int
    call_result: str
    holder: str
    lease_end: float


def number_of(phone: str) -> str:
    """What tells whether two ways to write a number mean the same one: its digits."""
    return "".join(character for character in phone if character in "0123456789*#")
