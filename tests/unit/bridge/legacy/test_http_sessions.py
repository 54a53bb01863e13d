import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.envelope import LegacyError
from bridge.legacy.http_sessions import HttpSession, HttpSessions, SessionLimits, SignedIn

LIMITS = SessionLimits(total=6, per_user=3, idle=1800, renewal=60)
TOKEN_LASTS = 12 * 3600.0


def basic(user: str, password: str = "demo") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class House:
    """Sessions with a clock that stands still and a facade that knows the password."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.ended: list[str] = []
        self.signed_in: list[str] = []
        self.sessions = HttpSessions(self.sign_in, clock=lambda: self.now, on_end=self.ended.append, limits=LIMITS)

    async def sign_in(self, authorization: str) -> SignedIn:
        user, _, password = base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")
        if password != "demo":
            raise PermissionError
        self.signed_in.append(user)
        return SignedIn(user, f"token {len(self.signed_in)}", self.now + TOKEN_LASTS)

    async def visit(self, cookie: str | None = None, authorization: str | None = None) -> HttpSession:
        """One request from beginning to end."""
        session, _ = await self.sessions.admit(cookie, authorization)
        self.sessions.left(session)
        return session

    async def is_denied(self, cookie: str | None = None, authorization: str | None = None) -> bool:
        try:
            await self.visit(cookie, authorization)
        except LegacyError as e:
            return (e.http_status, e.code, e.text) == (403, 20, "Access denied")
        return False


@pytest.fixture
def house() -> House:
    return House()


async def test_credentials_make_a_session_and_its_cookie_alone_suffices_afterwards(house: House) -> None:
    session, new = await house.sessions.admit(None, basic("agent1"))
    assert new
    again, new = await house.sessions.admit(session.id, None)
    assert again is session
    assert not new
    assert session.identity.metadata == (("authorization", "Bearer token 1"),)


async def test_the_same_credentials_do_not_sign_in_twice_with_the_cookie_or_without(house: House) -> None:
    first = await house.visit(None, basic("agent1"))
    assert await house.visit(first.id, basic("agent1")) is first
    other = await house.visit(None, basic("agent1"))
    assert other is not first
    assert other.id != first.id
    assert house.signed_in == ["agent1"]


async def test_nothing_of_the_password_is_kept(house: House) -> None:
    session = await house.visit(None, basic("agent1"))
    assert "demo" not in repr(session)
    assert basic("agent1") not in repr(session)


async def test_other_credentials_with_a_cookie_make_a_session_of_their_own(house: House) -> None:
    first = await house.visit(None, basic("agent1"))
    second = await house.visit(first.id, basic("agent2"))
    assert (first.identity.user_name, second.identity.user_name) == ("agent1", "agent2")


async def test_a_cookie_does_not_make_a_wrong_password_right(house: House) -> None:
    first = await house.visit(None, basic("agent1"))
    with pytest.raises(PermissionError):
        await house.visit(first.id, basic("agent1", "wrong"))


async def test_neither_cookie_nor_credentials_is_denied(house: House) -> None:
    assert await house.is_denied()
    assert await house.is_denied("no-such-session")
    assert await house.is_denied("")


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic ", "Digest abc", "Basic é", "Basic a b", "Basic a\x00", "Basic " + "a" * 5000]
)
async def test_an_unusable_authorization_header_is_denied_without_asking_the_facade(house: House, header: str) -> None:
    assert await house.is_denied(None, header)
    assert house.signed_in == []


async def test_a_session_ends_after_half_an_hour_without_a_request(house: House) -> None:
    session = await house.visit(None, basic("agent1"))
    house.now += 1799
    await house.visit(session.id)
    house.now += 1800
    assert await house.is_denied(session.id)
    assert house.ended == [session.id]


async def test_a_request_under_way_keeps_its_session(house: House) -> None:
    session, _ = await house.sessions.admit(None, basic("agent1"))
    house.now += 3 * 3600
    house.sessions.sweep()
    assert await house.visit(session.id) is session
    house.sessions.left(session)
    house.now += 1800
    house.sessions.sweep()
    assert house.ended == [session.id]
    assert len(house.sessions) == 0


async def test_what_stays_longer_than_its_request_keeps_its_session(house: House) -> None:
    session = await house.visit(None, basic("agent1"))
    left = house.sessions.stay(session)
    house.now += 3 * 3600
    house.sessions.sweep()
    assert house.ended == []
    left()
    house.now += 1800
    house.sessions.sweep()
    assert house.ended == [session.id]


async def test_near_the_end_of_the_token_a_cookie_alone_is_denied(house: House) -> None:
    session, _ = await house.sessions.admit(None, basic("agent1"))
    house.now += TOKEN_LASTS - 61
    assert await house.visit(session.id) is session
    house.now += 1
    assert await house.is_denied(session.id)
    assert house.ended == [session.id]


async def test_near_the_end_of_the_token_credentials_renew_the_session(house: House) -> None:
    session, _ = await house.sessions.admit(None, basic("agent1"))
    house.now += TOKEN_LASTS - 60
    assert await house.visit(session.id, basic("agent1")) is session
    assert session.identity.metadata == (("authorization", "Bearer token 2"),)
    assert house.ended == []


async def test_the_end_of_the_token_ends_even_a_session_with_an_open_websocket(house: House) -> None:
    session, _ = await house.sessions.admit(None, basic("agent1"))
    house.now += TOKEN_LASTS
    house.sessions.sweep()
    assert house.ended == [session.id]
    house.sessions.left(session)


async def test_a_token_that_the_facade_refuses_is_renewed_with_credentials(house: House) -> None:
    session = await house.visit(None, basic("agent1"))
    await house.sessions.renew(session, basic("agent1"))
    assert house.signed_in == ["agent1", "agent1"]
    assert session.identity.metadata == (("authorization", "Bearer token 2"),)


async def test_a_token_that_the_facade_refuses_ends_a_session_without_credentials(house: House) -> None:
    session = await house.visit(None, basic("agent1"))
    with pytest.raises(LegacyError, match="Access denied"):
        await house.sessions.renew(session, None)
    assert house.ended == [session.id]
    await house.visit(None, basic("agent1"))
    assert house.signed_in == ["agent1", "agent1"]


async def test_a_client_that_keeps_no_cookies_does_not_push_out_one_that_does(house: House) -> None:
    browser = await house.visit(None, basic("agent1"))
    await house.visit(browser.id)
    for _ in range(50):
        await house.visit(None, basic("agent1"))
    assert await house.visit(browser.id) is browser
    assert len(house.sessions) == LIMITS.per_user


async def test_an_open_websocket_is_pushed_out_last(house: House) -> None:
    socket, _ = await house.sessions.admit(None, basic("agent1"))
    for _ in range(LIMITS.per_user + 1):
        session = await house.visit(None, basic("agent1"))
        await house.visit(session.id)
    assert house.sessions.find(socket.id) is socket


async def test_beyond_the_users_limit_the_one_used_longest_ago_ends(house: House) -> None:
    sessions = []
    for _ in range(LIMITS.per_user):
        sessions.append(await house.visit(None, basic("agent1")))
        await house.visit(sessions[-1].id)
    await house.visit(sessions[0].id)
    await house.visit(None, basic("agent1"))
    assert house.ended == [sessions[1].id]


async def test_beyond_the_total_the_one_used_longest_ago_ends(house: House) -> None:
    sessions = [await house.visit(None, basic(f"user{number}")) for number in range(LIMITS.total)]
    await house.visit(sessions[0].id)
    await house.visit(None, basic("one-more"))
    assert house.ended == [sessions[1].id]
    assert len(house.sessions) == LIMITS.total


async def test_ending_twice_tells_once(house: House) -> None:
    session = await house.visit(None, basic("agent1"))
    house.sessions.end(session)
    house.sessions.end(session)
    assert house.ended == [session.id]
    assert await house.is_denied(session.id)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["come", "return", "leave", "end", "wait", "sweep"]),
            st.integers(0, 7),
        ),
        max_size=60,
    )
)
async def test_whatever_happens_the_sessions_are_bounded_and_every_end_is_told_once(
    steps: list[tuple[str, int]],
) -> None:
    house = House()
    seen: dict[str, HttpSession] = {}
    under_way: list[HttpSession] = []
    for step, number in steps:
        known = list(seen.values())
        if step == "come":
            session, _ = await house.sessions.admit(None, basic(f"user{number % 3}"))
            seen[session.id] = session
            under_way.append(session)
        elif step == "return" and known:
            try:
                session, _ = await house.sessions.admit(known[number % len(known)].id, None)
            except LegacyError:
                continue
            under_way.append(session)
        elif step == "leave" and under_way:
            house.sessions.left(under_way.pop())
        elif step == "end" and known:
            house.sessions.end(known[number % len(known)])
        elif step == "wait":
            house.now += 10.0 ** (number - 2)
        else:
            house.sessions.sweep()
        assert len(house.sessions) <= LIMITS.total
        assert len(set(house.ended)) == len(house.ended)
        assert len(house.sessions) + len(house.ended) == len(seen)
    house.now += 100 * TOKEN_LASTS
    house.sessions.sweep()
    assert len(house.sessions) == 0
    assert set(house.ended) == set(seen)
