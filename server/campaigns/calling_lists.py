"""The rules of calling lists, each as a piece of work in a transaction: who gets which record, for how long, and what
becomes of it; blocks, and knows no clock: the time is given.

A record is with one agent at a time. A chain is called record by record, so that no two agents call one customer. What
is on the do-not-call list is never handed out. Every look-up goes by an index, so that it costs the same however long a
list is.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from dialbridge.v1.user_data_pb2 import UserData
from server.campaigns.call_windows import CallWindow
from server.campaigns.schema import CallingRecord, Campaign, NewRecord, State

REACHED = frozenset({"Answer", "Ok", "Transferred", "Conferenced", "DoNotCall", "Cancel", "WrongParty", "Bridged"})
"""Call results after which nobody else of the chain is called."""
DO_NOT_CALL = "DoNotCall"

_MEMBERS = (
    *("handle", "list", "chain", "chain_n", "phone", "number", "phone_type", "caller_id"),
    *("attempts", "call_result", "holder", "lease_end"),
)
_COLUMNS = ", ".join((*_MEMBERS[:8], "time_zone, since, until, other_fields, state", *_MEMBERS[8:]))
_FROM = "records JOIN windows ON windows.id = records.window"


def campaign(connection: sqlite3.Connection, name: str) -> Campaign | None:
    """A campaign by its name."""
    row = connection.execute(
        "SELECT name, application_id, group_name, description, lease FROM campaigns WHERE name = ?", (name,)
    ).fetchone()
    return None if row is None else Campaign(*row)


def create(connection: sqlite3.Connection, new: Campaign, lists: Iterable[str]) -> None:
    """Put a campaign in, or in the place of the one with its name."""
    connection.execute(
        "INSERT OR REPLACE INTO campaigns VALUES (?, ?, ?, ?, ?)",
        (new.name, new.application_id, new.group_name, new.description, new.lease),
    )
    connection.execute("DELETE FROM lists WHERE campaign = ?", (new.name,))
    connection.executemany("INSERT INTO lists VALUES (?, ?)", [(new.name, each) for each in dict.fromkeys(lists)])


def lists_of(connection: sqlite3.Connection, name: str) -> list[str]:
    """The calling lists of a campaign."""
    return [row[0] for row in connection.execute("SELECT list FROM lists WHERE campaign = ? ORDER BY 1", (name,))]


def add(connection: sqlite3.Connection, list_name: str, new: NewRecord) -> int:
    """Put a record on a list; its handle. It waits where its chain has another one to be called first."""
    window = _window(connection, new.window)
    chain_n, state = new.chain_n or 0, State.READY
    if new.chain is not None:
        first, last = connection.execute(
            "SELECT MIN(CASE WHEN state <> ? THEN chain_n END), MAX(chain_n) FROM records WHERE list = ? AND chain = ?",
            (State.DONE, list_name, new.chain),
        ).fetchone()
        chain_n = new.chain_n if new.chain_n is not None else (last + 1 if last is not None else 0)
        state = State.WAITING if first is not None else State.READY
    cursor = connection.execute(
        "INSERT INTO records (list, chain, chain_n, phone, number, phone_type, caller_id, window, other_fields, state,"
        " was, due, callback_for, attempts, call_result, holder, held_for, lease_end)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '', 0, '', '', '', 0)",
        (
            list_name,
            new.chain,
            chain_n,
            new.phone,
            new.number,
            new.phone_type,
            new.caller_id,
            window,
            new.other_fields.SerializeToString(),
            state,
        ),
    )
    return int(cursor.lastrowid or 0)


def next_record(connection: sqlite3.Connection, of: Campaign, user_name: str, now: float) -> CallingRecord | None:
    """Hand out what is to be called next, if anything: the agent's own callbacks, those of all, then new records."""
    give_back_expired(connection, now)
    lists = lists_of(connection, of.name)
    open_windows = _open_windows(connection, now)
    while (handle := _candidate(connection, lists, open_windows, user_name, now)) is not None:
        if not _is_forbidden(connection, handle):
            connection.execute(
                "UPDATE records SET was = state, state = ?, holder = ?, held_for = ?, lease_end = ? WHERE handle = ?",
                (State.HELD, user_name, of.name, now + of.lease, handle),
            )
            return read(connection, handle)
        _finish(connection, handle, DO_NOT_CALL)
        _go_on_with_chain(connection, handle, DO_NOT_CALL)
    return None


def _candidate(
    connection: sqlite3.Connection, lists: Sequence[str], open_windows: Sequence[int], user_name: str, now: float
) -> int | None:
    for list_name in lists:
        # The customer and the agent agreed on the time, so the call window says nothing.
        row = connection.execute(
            "SELECT handle FROM records WHERE state = ? AND callback_for = ? AND due <= ? AND list = ?"
            " ORDER BY due LIMIT 1",
            (State.PERSONAL, user_name, now, list_name),
        ).fetchone()
        if row is not None:
            return int(row[0])
    for state in (State.CALLBACK, State.READY):
        found = [
            row
            for list_name in lists
            for window in open_windows
            for row in connection.execute(
                "SELECT due, handle FROM records INDEXED BY next_record"
                " WHERE list = ? AND state = ? AND state <= 1 AND window = ? AND due <= ? ORDER BY due, handle LIMIT 1",
                (list_name, state, window, now),
            )
        ]
        if found:
            return int(min(found)[1])
    return None


def held(connection: sqlite3.Connection, handle: int, user_name: str, campaign_name: str) -> CallingRecord | None:
    """A record that the agent has; None: somebody else has it, or nobody."""
    row = connection.execute(
        "SELECT 1 FROM records WHERE handle = ? AND state = ? AND holder = ? AND held_for = ?",
        (handle, State.HELD, user_name, campaign_name),
    ).fetchone()
    return None if row is None else read(connection, handle)


def complete(
    connection: sqlite3.Connection, record: CallingRecord, result: str, phone: str, campaign_name: str, now: float
) -> None:
    """End the work on a record that is held."""
    _attempted(connection, record, result, phone or record.phone, campaign_name, now)
    _finish(connection, record.handle, result)
    _go_on_with_chain(connection, record.handle, result)


def reject(connection: sqlite3.Connection, handle: int, now: float) -> None:
    """Give a record that is held back, behind all others that are to be called as it is."""
    connection.execute("UPDATE records SET due = ? WHERE handle = ?", (now, handle))
    _give_back(connection, "handle = ?", (handle,))


def reschedule(
    connection: sqlite3.Connection,
    record: CallingRecord,
    due: float,
    callback_for: str,
    campaign_name: str,
    now: float,
) -> None:
    """Have a record that is held called again at ``due``, by one agent or, if empty, by any."""
    if record.call_result:
        _attempted(connection, record, record.call_result, record.phone, campaign_name, now)
    connection.execute(
        "UPDATE records SET state = ?, due = ?, callback_for = ?, call_result = '', holder = '', held_for = '',"
        " lease_end = 0 WHERE handle = ?",
        (State.PERSONAL if callback_for else State.CALLBACK, due, callback_for, record.handle),
    )


def update(connection: sqlite3.Connection, record: CallingRecord, changed: NewRecord, call_result: str) -> None:
    """Change what a record that is held says."""
    connection.execute(
        "UPDATE records SET phone = ?, number = ?, phone_type = ?, caller_id = ?, window = ?, other_fields = ?,"
        " call_result = ? WHERE handle = ?",
        (
            changed.phone,
            changed.number,
            changed.phone_type,
            changed.caller_id,
            _window(connection, changed.window),
            changed.other_fields.SerializeToString(),
            call_result,
            record.handle,
        ),
    )


def chained(connection: sqlite3.Connection, record: CallingRecord, of: Campaign, now: float) -> list[CallingRecord]:
    """Hand out the other records of the chain of one that is held, as far as they are not finished."""
    handles = [
        row[0]
        for row in connection.execute(
            "SELECT handle FROM records WHERE list = ? AND chain = ? AND handle <> ?"
            " AND (state = ? OR state = ? AND holder = ?) ORDER BY chain_n",
            (record.list, record.chain, record.handle, State.WAITING, State.HELD, record.holder),
        )
    ]
    connection.executemany(
        "UPDATE records SET was = CASE state WHEN ? THEN was ELSE state END, state = ?, holder = ?, held_for = ?,"
        " lease_end = ? WHERE handle = ?",
        [(State.HELD, State.HELD, record.holder, of.name, now + of.lease, handle) for handle in handles],
    )
    return [each for handle in handles if (each := read(connection, handle)) is not None]


def renew(connection: sqlite3.Connection, handles: Iterable[int], lease_end: float) -> None:
    """Let agents have records longer."""
    connection.executemany(
        f"UPDATE records SET lease_end = ? WHERE handle = ? AND state = {State.HELD:d}",
        [(lease_end, handle) for handle in handles],
    )


def forbid(connection: sqlite3.Connection, numbers: Iterable[str], now: float) -> None:
    """Never call these numbers again."""
    connection.executemany("INSERT OR IGNORE INTO do_not_call VALUES (?, ?)", [(each, now) for each in numbers])


def allow(connection: sqlite3.Connection, numbers: Iterable[str]) -> None:
    """These numbers may be called again; records that were finished stay so."""
    connection.executemany("DELETE FROM do_not_call WHERE number = ?", [(each,) for each in numbers])


def finish_forbidden(connection: sqlite3.Connection, record: CallingRecord, *, all_chain: bool, now: float) -> None:
    """Put the number of a record, or all of its chain, on the do-not-call list and end the work on it."""
    if all_chain:
        # A record without a chain is one all by itself.
        rows = connection.execute(
            "SELECT handle, number FROM records WHERE handle = ? OR list = ? AND chain = ?",
            (record.handle, record.list, record.chain),
        ).fetchall()
        forbid(connection, [number for _, number in rows], now)
        for handle, _ in rows:
            _finish(connection, handle, DO_NOT_CALL)
    else:
        forbid(connection, [record.number], now)
        _finish(connection, record.handle, DO_NOT_CALL)
        _go_on_with_chain(connection, record.handle, "")


def is_forbidden(connection: sqlite3.Connection, number: str) -> bool | None:
    """Whether a number is on the do-not-call list; None: nobody is."""
    is_anybody, is_this = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM do_not_call), EXISTS (SELECT 1 FROM do_not_call WHERE number = ?)", (number,)
    ).fetchone()
    return bool(is_this) if is_anybody else None


def begin_session(connection: sqlite3.Connection, user_name: str, campaign_name: str, device_id: str) -> None:
    """The agent works on the campaign."""
    connection.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", (user_name, campaign_name, device_id))


def has_session(connection: sqlite3.Connection, user_name: str, campaign_name: str) -> bool:
    """Whether the agent does."""
    row = connection.execute(
        "SELECT 1 FROM sessions WHERE user_name = ? AND campaign = ?", (user_name, campaign_name)
    ).fetchone()
    return row is not None


def end_session(connection: sqlite3.Connection, user_name: str, campaign_name: str) -> None:
    """The agent works on the campaign no more; what they have of it goes back."""
    connection.execute("DELETE FROM sessions WHERE user_name = ? AND campaign = ?", (user_name, campaign_name))
    _give_back(connection, "holder = ? AND held_for = ?", (user_name, campaign_name))


def expired(connection: sqlite3.Connection, now: float) -> list[tuple[int, str]]:
    """The records whose lease has ended, and who has them."""
    return connection.execute(
        f"SELECT handle, holder FROM records WHERE state = {State.HELD:d} AND lease_end <= ?", (now,)
    ).fetchall()


def give_back_expired(connection: sqlite3.Connection, now: float) -> None:
    """Take records from agents whose lease has ended."""
    _give_back(connection, "lease_end <= ?", (now,))


def read(connection: sqlite3.Connection, handle: int) -> CallingRecord | None:
    """A record by its handle."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM {_FROM} WHERE handle = ?", (handle,)).fetchone()
    return None if row is None else _record(row)


def _record(row: Sequence[Any]) -> CallingRecord:
    return CallingRecord(
        **dict(zip(_MEMBERS, (*row[:8], *row[13:]), strict=True)),
        window=CallWindow(*row[8:11]),
        other_fields=UserData.FromString(row[11]),
        state=State(row[12]),
    )


def _give_back(connection: sqlite3.Connection, which: str, values: Sequence[object]) -> None:
    chains = connection.execute(
        f"SELECT list, chain FROM records WHERE state = {State.HELD:d} AND was = {State.WAITING:d} AND {which}",
        tuple(values),
    ).fetchall()
    connection.execute(
        "UPDATE records SET state = was, holder = '', held_for = '', lease_end = 0"
        f" WHERE state = {State.HELD:d} AND {which}",
        tuple(values),
    )
    for list_name, chain in set(chains):
        _let_next_of_chain(connection, list_name, chain)


def _attempted(
    connection: sqlite3.Connection, record: CallingRecord, result: str, phone: str, campaign_name: str, now: float
) -> None:
    connection.execute(
        "INSERT INTO attempts (handle, at, user_name, campaign, phone, call_result) VALUES (?, ?, ?, ?, ?, ?)",
        (record.handle, now, record.holder, campaign_name, phone, result),
    )
    connection.execute("UPDATE records SET attempts = attempts + 1 WHERE handle = ?", (record.handle,))


def _finish(connection: sqlite3.Connection, handle: int, result: str) -> None:
    connection.execute(
        "UPDATE records SET state = ?, call_result = ?, holder = '', held_for = '', lease_end = 0 WHERE handle = ?",
        (State.DONE, result, handle),
    )


def _go_on_with_chain(connection: sqlite3.Connection, handle: int, result: str) -> None:
    """After a record of a chain is finished: the next one's turn, or nobody's when the customer was reached."""
    list_name, chain = connection.execute("SELECT list, chain FROM records WHERE handle = ?", (handle,)).fetchone()
    if chain is None:
        return
    if result in REACHED:
        connection.execute(
            "UPDATE records SET state = ?, holder = '', held_for = '', lease_end = 0"
            " WHERE list = ? AND chain = ? AND state <> ?",
            (State.DONE, list_name, chain, State.DONE),
        )
        return
    _let_next_of_chain(connection, list_name, chain)


def _let_next_of_chain(connection: sqlite3.Connection, list_name: str, chain: int) -> None:
    """Where all that is left of a chain waits, the first waits no more."""
    states = connection.execute(
        "SELECT state, handle FROM records WHERE list = ? AND chain = ? AND state <> ? ORDER BY chain_n",
        (list_name, chain, State.DONE),
    ).fetchall()
    if states and all(state == State.WAITING for state, _ in states):
        connection.execute("UPDATE records SET state = ?, due = 0 WHERE handle = ?", (State.READY, states[0][1]))


def _is_forbidden(connection: sqlite3.Connection, handle: int) -> bool:
    query = "SELECT 1 FROM records JOIN do_not_call USING (number) WHERE handle = ?"
    return connection.execute(query, (handle,)).fetchone() is not None


def _open_windows(connection: sqlite3.Connection, now: float) -> list[int]:
    return [
        row[0]
        for row in connection.execute("SELECT id, time_zone, since, until FROM windows")
        if CallWindow(*row[1:]).is_open(now)
    ]


def _window(connection: sqlite3.Connection, window: CallWindow) -> int:
    row = connection.execute(
        "SELECT id FROM windows WHERE time_zone = ? AND since = ? AND until = ?", window
    ).fetchone()
    if row is not None:
        return int(row[0])
    cursor = connection.execute("INSERT INTO windows (time_zone, since, until) VALUES (?, ?, ?)", window)
    return int(cursor.lastrowid or 0)
