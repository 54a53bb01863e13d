import base64

import grpc
import pytest
from structlog.testing import capture_logs

ME = "/api/v2/me"
DENIED = b'{"statusCode":20,"statusMessage":"Access denied"}'


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def test_the_first_authenticated_answer_sets_a_cookie_that_suffices_afterwards(
    browser, bridge, credentials, script
) -> None:
    async with browser.get(bridge.url + ME, headers=credentials) as answer:
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("JSESSIONID=")
        assert cookie.endswith("; HttpOnly; Path=/; SameSite=Lax")
    async with browser.get(bridge.url + ME) as answer:
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers
    assert len(script.of("SignIn")) == 1


async def test_behind_https_the_cookie_is_for_https_only(start, browser, credentials) -> None:
    bridge = await start(external_url="https://gws.example.com/api/v2")
    async with browser.get(bridge.url + ME, headers=credentials) as answer:
        assert answer.headers["Set-Cookie"].endswith("; Secure")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("agent1", "wrong"),
        {"Authorization": "Basic"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Digest x"},
        {"Cookie": "JSESSIONID=nonsense"},
        {"Cookie": "JSESSIONID=; ;;=="},
    ],
)
async def test_without_good_credentials_access_is_denied_with_code_20(browser, bridge, script, method, headers) -> None:
    async with browser.request(method, bridge.url + ME, headers=headers, data=b"{") as answer:
        assert answer.status == 403
        assert await answer.read() == DENIED
        assert "Set-Cookie" not in answer.headers
    assert [asked.method for asked in script.asked if asked.method != "SignIn"] == []


async def test_a_bearer_token_of_the_facade_is_taken_too(browser, bridge, script) -> None:
    script.tokens["from-elsewhere"] = "agent2"
    async with browser.get(bridge.url + ME, headers={"Authorization": "Bearer from-elsewhere"}) as answer:
        assert answer.status == 200
    assert script.asked[-1].authorization == "Bearer token-1"


async def test_near_the_end_of_the_token_credentials_are_demanded(agent1, bridge, clock, credentials) -> None:
    clock.now += 12 * 3600 - 30
    async with agent1.get(bridge.url + ME) as answer:
        assert answer.status == 403
        assert await answer.read() == DENIED
    async with agent1.get(bridge.url + ME, headers=credentials) as answer:
        assert answer.status == 200


async def test_a_facade_that_forgot_its_tokens_is_signed_in_to_again_with_credentials(
    agent1, bridge, script, credentials
) -> None:
    script.tokens.clear()
    async with agent1.get(bridge.url + ME, headers=credentials) as answer:
        assert answer.status == 200
    async with agent1.get(bridge.url + ME) as answer:
        assert answer.status == 200


async def test_a_facade_that_forgot_its_tokens_ends_sessions_without_credentials(agent1, bridge, script) -> None:
    script.tokens.clear()
    async with agent1.get(bridge.url + ME) as answer:
        assert answer.status == 403
        assert await answer.read() == DENIED


async def test_an_overloaded_facade_does_not_look_like_a_wrong_password(
    browser, bridge, script, refuse, credentials
) -> None:
    script.answers["SignIn"] = refuse("OVERLOADED", retry_after=2)
    async with browser.get(bridge.url + ME, headers=credentials) as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "2"


async def test_a_facade_that_cannot_be_reached_does_not_look_like_a_wrong_password(
    browser, bridge, script, break_off, credentials
) -> None:
    script.answers["SignIn"] = break_off(grpc.StatusCode.UNAVAILABLE)
    async with browser.get(bridge.url + ME, headers=credentials) as answer:
        assert answer.status == 503
        assert "10.1.2.3" not in await answer.text()


async def test_ending_the_contact_centre_session_ends_the_http_session(agent1, bridge, script) -> None:
    async with agent1.post(bridge.url + ME, data=b'{"operationName":"EndContactCenterSession"}') as answer:
        assert await answer.read() == b'{"statusCode":0}'
        assert 'JSESSIONID=""' in answer.headers["Set-Cookie"]
        assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert len(script.of("EndContactCenterSession")) == 1
    async with agent1.get(bridge.url + ME) as answer:
        assert answer.status == 403


async def test_an_ended_session_is_not_handed_out_when_it_was_new_in_the_same_request(
    browser, bridge, credentials
) -> None:
    body = b'{"operationName":"EndContactCenterSession"}'
    async with browser.post(bridge.url + ME, data=body, headers=credentials) as answer:
        assert answer.status == 200
        assert all('JSESSIONID=""' in cookie for cookie in answer.headers.getall("Set-Cookie"))


async def test_csrf_protection_gives_its_token_on_get_and_demands_it_on_post(start, browser, credentials) -> None:
    bridge = await start(csrf=True)
    body = b'{"operationName":"StartContactCenterSession","channels":["voice"]}'
    refused = b'{"statusCode":3,"statusMessage":"Missing or invalid Csrf token"}'
    async with browser.post(bridge.url + ME, data=body, headers=credentials) as answer:
        assert answer.status == 403
        assert await answer.read() == refused
    async with browser.get(bridge.url + ME, headers=credentials) as answer:
        assert answer.headers["X-CSRF-HEADER"] == "X-CSRF-TOKEN"
        token = answer.headers["X-CSRF-TOKEN"]
    async with browser.get(bridge.url + ME) as answer:
        assert answer.headers["X-CSRF-TOKEN"] == token
    for headers in ({}, {"X-CSRF-TOKEN": ""}, {"X-CSRF-TOKEN": token[:-1]}, {"X-CSRF-TOKEN": "é"}):
        async with browser.post(bridge.url + ME, data=body, headers=headers) as answer:
            assert answer.status == 403
            assert await answer.read() == refused
    async with browser.post(bridge.url + ME, data=body, headers={"X-CSRF-TOKEN": token}) as answer:
        assert answer.status == 200


async def test_without_csrf_protection_no_token_is_told(agent1, bridge) -> None:
    async with agent1.get(bridge.url + ME) as answer:
        assert "X-CSRF-TOKEN" not in answer.headers


async def test_the_cometd_endpoint_denies_access_in_the_same_words(browser, bridge) -> None:
    body = b'[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]'
    headers = {"Content-Type": "application/json"}
    async with browser.post(f"{bridge.url}/api/v2/notifications", data=body, headers=headers) as answer:
        assert answer.status == 403
        assert await answer.read() == DENIED
        assert answer.headers["Content-Type"].lower() == "application/json; charset=utf-8"


async def test_no_log_line_has_a_secret(browser, bridge, credentials, script) -> None:
    with capture_logs() as lines:
        async with browser.get(f"{bridge.url}{ME}?subresources=*&secret=hush", headers=credentials) as answer:
            cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
        async with browser.get(bridge.url + ME, headers=basic("agent1", "wrong")) as answer:
            assert answer.status == 403
    (line, _) = [line for line in lines if line["event"] == "request"]
    assert {name: line[name] for name in ("method", "path", "status", "user")} == {
        "method": "GET",
        "path": ME,
        "status": 200,
        "user": "agent1",
    }
    assert line["ms"] >= 0
    for secret in ("hush", cookie, credentials["Authorization"], credentials["Authorization"].split()[1], "token-1"):
        assert secret not in repr(lines)
