"""Who a caller is."""

import asyncio
import base64

import pytest

from dialbridge.v1 import error_reason_pb2 as reasons
from server import authentication
from server.authentication import CHECKS_WAITING, FAILURES_ALLOWED, Authenticator
from server.directory import Directory
from server.refusals import Refusal
from tests.fakes.manual_time import ManualTime

KEY = b"k" * 32


def basic(name, password, scheme="Basic"):
    return (("authorization", f"{scheme} {base64.b64encode(f'{name}:{password}'.encode()).decode()}"),)


def bearer(token):
    return (("authorization", f"Bearer {token}"),)


@pytest.fixture
def time():
    return ManualTime()


@pytest.fixture
def authenticator(time):
    authenticator = Authenticator(Directory.demo(), KEY, time)
    yield authenticator
    authenticator.close()


@pytest.fixture
def checks(monkeypatch):
    """Counts how often a password is really checked."""
    counted = []
    real = authentication.verify_password

    def verify(password_hash, password):
        counted.append(password)
        return real(password_hash, password)

    monkeypatch.setattr(authentication, "verify_password", verify)
    return counted


async def refused(awaitable):
    with pytest.raises(Refusal) as refusal:
        await awaitable
    return refusal.value


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
async def test_name_and_password_say_who_it_is(authenticator, scheme):
    assert (await authenticator.authenticate(basic("agent1", "demo", scheme))).user_name == "agent1"


async def test_unknown_users_and_wrong_passwords_get_the_same_answer(authenticator):
    wrong = await refused(authenticator.authenticate(basic("agent1", "wrong")))
    unknown = await refused(authenticator.authenticate(basic("nobody", "demo")))
    assert wrong.reason == unknown.reason == reasons.ERROR_REASON_NOT_AUTHENTICATED
    assert wrong.text == unknown.text


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", ""),),
        (("authorization", "Basic"),),
        (("authorization", "Basic !!!"),),
        (("authorization", "Basic " + base64.b64encode(b"no colon").decode()),),
        (("authorization", "Basic " + base64.b64encode(b"\xff:\xff").decode()),),
        (("authorization", "Digest x"),),
        (("authorization", "Bearer garbage"),),
        (("authorization", "Basic " + "x" * 5000),),
        (("authorization", b"\xff\xfe"),),
    ],
)
async def test_what_are_no_credentials_is_refused(authenticator, metadata):
    assert (await refused(authenticator.authenticate(metadata))).reason == reasons.ERROR_REASON_NOT_AUTHENTICATED


async def test_good_credentials_are_not_checked_again_for_some_minutes(authenticator, time, checks):
    for _ in range(5):
        await authenticator.authenticate(basic("agent1", "demo"))
    assert len(checks) == 1
    time.at += authentication.REMEMBER_FOR
    await authenticator.authenticate(basic("agent1", "demo"))
    assert len(checks) == 2


async def test_a_changed_password_makes_what_is_remembered_void(authenticator):
    _, token, _ = await authenticator.sign_in(basic("agent1", "demo"))
    await authenticator.authenticate(bearer(token))
    changed = Directory.demo()
    changed.users["agent1"] = changed.users["agent2"].__class__(
        **{field: getattr(changed.users["agent1"], field) for field in changed.users["agent1"].__slots__}
        | {"password_hash": changed.users["agent2"].password_hash}
    )
    authenticator._directory = changed
    assert (await refused(authenticator.authenticate(bearer(token)))).reason == reasons.ERROR_REASON_TOKEN_EXPIRED


async def test_a_token_stands_for_its_user_until_it_ends(authenticator, time):
    principal, token, expires_at = await authenticator.sign_in(basic("agent1", "demo"))
    assert principal.user_name == "agent1"
    assert (await authenticator.authenticate(bearer(token))).user_name == "agent1"
    time.at = expires_at
    assert (await refused(authenticator.authenticate(bearer(token)))).reason == reasons.ERROR_REASON_TOKEN_EXPIRED


async def test_a_token_does_not_renew_itself(authenticator, time):
    _, token, expires_at = await authenticator.sign_in(basic("agent1", "demo"))
    time.at += 3600
    assert (await authenticator.sign_in(bearer(token)))[1:] == (token, expires_at)


async def test_the_token_of_the_process_watches_and_signs_nobody_in(authenticator):
    principal = await authenticator.authenticate(bearer(authenticator.token_of_process()))
    assert principal.sees_all
    assert not principal.device_ids
    assert (await refused(authenticator.sign_in(bearer(authenticator.token_of_process())))).reason


async def test_many_wrong_passwords_of_one_user_close_the_door_for_a_while_and_only_for_that_user(
    authenticator, time, checks
):
    for _ in range(FAILURES_ALLOWED):
        await refused(authenticator.authenticate(basic("agent1", "wrong")))
    closed = await refused(authenticator.authenticate(basic("agent1", "demo")))
    assert closed.reason == reasons.ERROR_REASON_OVERLOADED
    assert closed.retry_after > 0
    assert len(checks) == FAILURES_ALLOWED
    await authenticator.authenticate(basic("agent2", "demo"))
    time.at += authentication.FAILURE_WINDOW
    await authenticator.authenticate(basic("agent1", "demo"))


async def test_more_sign_ins_than_can_wait_are_asked_to_come_back(authenticator):
    answers = await asyncio.gather(
        *(authenticator.authenticate(basic(f"user{number}", "x")) for number in range(CHECKS_WAITING + 5)),
        return_exceptions=True,
    )
    by_reason = [answer.reason for answer in answers]
    assert by_reason.count(reasons.ERROR_REASON_OVERLOADED) == 5
    assert by_reason.count(reasons.ERROR_REASON_NOT_AUTHENTICATED) == CHECKS_WAITING
