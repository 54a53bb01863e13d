"""The dashboard in a browser, as agents and supervisors use it, through refusals and outages."""

import re
import signal
from contextlib import AsyncExitStack

import pytest

from dialbridge_client import Basic, Client
from tests.fakes.browser import chromium, require_browser
from tests.fakes.legacy_client import DEVICE
from tests.fakes.process import KILL, serve

pytestmark = pytest.mark.timeout(120)

STOP, CONTINUE = signal.SIGSTOP, signal.SIGCONT
DIAL_PAD = ["region", "Dial pad"]
RECORD = ["region", "Preview record"]
TABLE_EQUALS = """(expected) => {
    const rows = [...document.querySelectorAll(".scroller tbody tr[data-key]")];
    const shown = rows.map((row) => row.dataset.key.split(" ")[0]).sort();
    return JSON.stringify(shown) === JSON.stringify(expected);
}"""
LIVE = """() => document.querySelector(".connection.live") !== null"""


@pytest.fixture
async def browser():
    require_browser()
    async with chromium() as browser:
        yield browser
        facts = await browser.facts()
        assert facts["complaints"] == []
        assert len(facts["asked"]) <= 1, "something came from another host"


@pytest.fixture
async def server(browser, tmp_path):
    async with serve(tmp_path / "data") as server:
        yield server


@pytest.fixture
def enter(browser, server):
    async def enter(user, **how):
        window = await browser.open(user, f"{server.url}/", **how)
        await window.sign_in(user)
        await window.until(LIVE)
        return window

    return enter


async def live_calls(server):
    async with Client.connect(server.grpc, credentials=Basic("supervisor1", "demo")) as client:
        calls = await client.list_calls()
    return sorted(call.id for call in calls)


async def dial(window, number):
    await window.fill("Number to dial", number)
    await window.press("button", "Dial", within=DIAL_PAD)


async def test_an_agent_leads_a_call_from_dialling_to_hanging_up_while_a_supervisor_watches(enter):
    agent, supervisor = await enter("agent1"), await enter("supervisor1")
    await dial(agent, "5001")
    call = ["region", "Call with 5001"]
    await agent.see("Dialing", within=call)
    await agent.see("Established", within=call)
    await agent.fill("Key", "Name")
    await agent.fill("Value", "Rob <b>& Ada</b>")
    await agent.press("button", "Attach")
    await agent.see("Rob <b>& Ada</b>", within=call)
    await agent.press("button", "Keypad")
    for key in ("4 GHI", "2 ABC"):
        await agent.press("button", key, within=["group", "Tones"])
    await agent.until("() => document.querySelector('.sent').innerText === '42'")
    await agent.press("button", "Change Name")
    await agent.fill("Name", "Ada")
    await agent.press("button", "Save")
    await agent.see("Ada", within=["region", "Data of the call"])

    await supervisor.see(role="button", name="5001")
    await supervisor.press("button", "5001")
    await supervisor.see("Ada", within=["complementary", "Call"])
    assert await supervisor.read(css="[data-figure=Established]") == ["1"]

    await agent.do("evaluate", expression="document.querySelector('.operations .danger').focus()")
    await agent.key("Enter")
    await agent.see("You hung up.")
    # The button is gone, and the keyboard is still among the calls.
    assert await agent.do("evaluate", expression="document.activeElement.className") == "desk-calls"
    await agent.see("Agent hung up", within=["region", "This session"])
    await supervisor.until("() => document.querySelector('[data-figure=live]').innerText === '0'")
    await supervisor.see("Agent hung up", within=["region", "Why calls ended"])


async def test_a_record_is_dialled_with_its_fields_and_a_handle_of_any_length(enter):
    agent, supervisor = await enter("agent1"), await enter("supervisor1")
    await agent.press("button", "Dial the record")
    await agent.see("A record needs a phone number.")
    await agent.fill("Phone number", "5001")
    await agent.fill("Record handle", "9007199254740993")
    await agent.fill("Campaign", "Renewals")
    await agent.press("button", "Add a field")
    await agent.fill("Name of field 1", "Tariff")
    await agent.fill("Value of field 1", "Gold")
    await agent.press("button", "Dial the record")
    await agent.see("Record 9007199254740993 · Renewals")
    await supervisor.see("Renewals", within=["table", "Live calls"])
    await supervisor.press("button", "5001")
    await supervisor.see("9007199254740993", within=["complementary", "Call"])


async def test_an_agent_hands_a_call_over_to_another_who_was_asked_first(enter):
    ann, ben = await enter("agent1"), await enter("agent2")
    await dial(ann, "5001")
    await ann.see("Established")
    await ann.press("button", "Hold")
    await ann.see("Held", within=["region", "Call with 5001"])
    await ann.press("button", "Retrieve")
    await ann.press("button", "Transfer or conference")
    await ann.fill("Number of somebody else", "5006")
    await ann.shot("transfer")
    await ann.press("button", "Consult")
    await ben.press("button", "Answer")
    await ann.see("Established", within=["region", "Call with 5006"])
    await ann.press("button", "Complete transfer", within=["region", "Call with 5006"])
    await ben.see("Established", within=["region", "Call with 5001"])
    await ann.see("No call")


@pytest.mark.parametrize(
    ("number", "sentence"),
    [("5002", "The line is busy."), ("5099", "There is no such number."), ("5004", "The other party hung up.")],
)
async def test_an_agent_is_told_how_a_call_ended_and_can_dial_again(enter, number, sentence):
    agent = await enter("agent1")
    await dial(agent, number)
    await agent.see(sentence)
    await agent.see(role="button", name="Dial again")
    assert number in (await agent.read(css=".history-number"))


async def test_a_dial_that_nobody_answers_says_so(enter):
    agent = await enter("agent1")
    await dial(agent, "5003")
    await agent.see("Waiting for an answer")
    await agent.until("() => document.body.innerText.includes('Nobody answered.')", within=40)


async def test_a_second_dial_on_a_busy_device_says_what_to_do(enter):
    agent = await enter("agent1")
    await dial(agent, "5001")
    await agent.see("Established")
    await dial(agent, "5002")
    await agent.see("5005 is in a call. Hang up or hold it before you dial again.")


async def test_an_agent_without_the_outbound_feature_is_told_so_and_dials_plain_numbers(enter):
    agent = await enter("agent3")
    await agent.see("Dialling preview records is switched off for you.", within=RECORD)
    await dial(agent, "5001")
    await agent.see("Established")


async def test_one_agent_calls_another_who_answers(enter):
    caller, called = await enter("agent1"), await enter("agent2")
    await dial(caller, "5006")
    await called.press("button", "Answer")
    await called.see("Established")
    await caller.see("Established")


async def test_a_wrong_password_is_refused_and_nothing_is_kept_of_a_right_one(browser, server):
    window = await browser.open("agent1", f"{server.url}/")
    await window.sign_in("agent1", "wrong")
    await window.see("The name or the password is wrong.")
    await window.sign_in("agent1")
    await window.see(role="region", name="Dial pad")
    kept = await window.do(
        "evaluate",
        expression="JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])",
    )
    assert "demo" not in kept
    assert kept.startswith('[{},{},""')
    await window.do("reload")
    await window.see(role="region", name="Dial pad")  # by the cookie alone
    await window.press("button", "Sign out")
    await window.see(role="button", name="Sign in")
    await window.do("reload")
    await window.see(role="button", name="Sign in")


async def test_after_a_kill_the_page_goes_on_by_itself_and_shows_what_there_is(browser, tmp_path):
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(tmp_path / "data"))
        window = await browser.open("supervisor1", f"{server.url}/")
        await window.sign_in("supervisor1")
        await window.until(LIVE)
        await window.do("evaluate", expression="globalThis.sameSincePageWasOpened = true")
        async with Client.connect(server.grpc, credentials=Basic("agent1", "demo")) as agent1:
            before = (await agent1.dial(DEVICE, "5001")).call.id
        await window.until(TABLE_EQUALS, [before])

        server.send(KILL)
        await server.ended()
        await window.see("Not up to date.")
        await window.see("Not connected", within=["banner", None])
        await window.shot("outage")
        # While nobody looks: the call that the switch has lost is released, and another begins.
        again = await stack.enter_async_context(serve(tmp_path / "data", server.grpc_port, server.http_port))
        async with Client.connect(again.grpc, credentials=Basic("agent1", "demo")) as agent1:
            after = (await agent1.dial(DEVICE, "5001")).call.id
        await window.until(LIVE)
        await window.until(TABLE_EQUALS, await live_calls(again))
        assert await live_calls(again) == [after]
        await window.see("Lost", within=["region", "Why calls ended"])
        assert await window.do("evaluate", expression="globalThis.sameSincePageWasOpened") is True


async def test_a_server_that_falls_silent_is_noticed_and_so_is_that_it_speaks_again(enter, server):
    window = await enter("supervisor1")
    server.send(STOP)  # its connections stay open
    await window.see("Nothing was heard of the server.", patience=30)
    server.send(CONTINUE)
    await window.until(LIVE, within=30)
    await window.gone("Not up to date.")


async def test_with_csrf_protection_an_agent_works_on_also_after_a_restart(browser, tmp_path):
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(tmp_path / "data", 0, 0, "--csrf", "true"))
        window = await browser.open("agent1", f"{server.url}/")
        await window.sign_in("agent1")
        await window.until(LIVE)
        await dial(window, "5002")
        await window.see("The line is busy.")
        server.send(KILL)
        await server.ended()
        await window.see("Not up to date.")
        await stack.enter_async_context(serve(tmp_path / "data", server.grpc_port, server.http_port, "--csrf", "true"))
        await window.until(LIVE)
        await dial(window, "5099")  # the page's token was of a session that is gone
        await window.see("There is no such number.")


async def test_who_reloaded_the_page_before_a_restart_signs_in_again_and_goes_on(browser, tmp_path):
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(tmp_path / "data"))
        window = await browser.open("supervisor1", f"{server.url}/")
        await window.sign_in("supervisor1")
        await window.until(LIVE)
        await window.do("reload")  # from here on the page has the cookie alone
        await window.until(LIVE)
        server.send(KILL)
        await server.ended()
        again = await stack.enter_async_context(serve(tmp_path / "data", server.grpc_port, server.http_port))
        await window.see("Your session has ended.")
        await window.fill("Password", "demo")
        await window.press("button", "Sign in")
        await window.until(LIVE)
        async with Client.connect(again.grpc, credentials=Basic("agent1", "demo")) as agent1:
            call = (await agent1.dial(DEVICE, "5001")).call.id
        await window.until(TABLE_EQUALS, [call])


async def test_the_table_is_sorted_filtered_and_walked_through_by_keyboard(enter, server):
    window = await enter("supervisor1")
    async with AsyncExitStack() as stack:
        for user, number in (("agent1", "5001"), ("agent2", "6000"), ("agent3", "7000")):
            client = await stack.enter_async_context(Client.connect(server.grpc, credentials=Basic(user, "demo")))
            device = (await client.current_user()).devices[0]
            await client.dial(device.id, number)
    await window.until("() => document.querySelectorAll('.row-button').length === 3")
    await window.press("button", "Agent", within=["table", "Live calls"])
    assert await window.read(css="td.column-agent") == ["agent1", "agent2", "agent3"]
    await window.press("button", "Agent", within=["table", "Live calls"])
    assert await window.read(css="td.column-agent") == ["agent3", "agent2", "agent1"]
    assert await window.read(css="th[aria-sort=descending]") == ["Agent"]
    await window.do("evaluate", expression="document.querySelector('.row-button').focus()")
    await window.key("ArrowDown")
    await window.key("Enter")
    await window.see("agent2", within=["complementary", "Call"])
    await window.key("Escape")
    await window.gone(role="complementary", name="Call")
    focused = await window.do("evaluate", expression="document.activeElement.innerText")
    assert focused == "6000"
    await window.fill("Filter by number, agent, device, campaign or record", "agent3")
    await window.until("() => document.querySelectorAll('.row-button').length === 1")
    await window.fill("Filter by number, agent, device, campaign or record", "nobody")
    await window.see("No call fits the filter.")


async def test_no_view_has_a_barrier_in_any_colour_scheme_or_width(browser, server):
    agent = await browser.open("agent1", f"{server.url}/")
    await agent.sign_in("agent1", "wrong")
    await agent.see("The name or the password is wrong.")
    await without_barriers(agent, "sign-in")
    await agent.sign_in("agent1")
    await agent.until(LIVE)
    await dial(agent, "5002")
    await agent.see("The line is busy.")
    await without_barriers(agent, "desk-after-busy")
    await agent.press("button", "Add a field")
    await agent.fill("Record handle", "none")
    await agent.press("button", "Dial the record")
    await agent.see("A record needs a phone number.")
    await dial(agent, "5001")
    await agent.see("Established", within=["region", "Call with 5001"])
    await agent.fill("Key", "Name")
    await agent.fill("Value", "Rob")
    await agent.press("button", "Attach")
    await agent.see(role="button", name="Change Name")
    await agent.press("button", "Keypad")
    await without_barriers(agent, "desk-in-call")
    supervisor = await browser.open("supervisor1", f"{server.url}/")
    await supervisor.sign_in("supervisor1")
    await supervisor.see(role="button", name="5001")
    await without_barriers(supervisor, "floor")
    await supervisor.press("button", "5001")
    await supervisor.see(role="complementary", name="Call")
    await without_barriers(supervisor, "floor-details")
    third = await browser.open("agent3", f"{server.url}/")
    await third.sign_in("agent3")
    await third.see("Dialling preview records is switched off for you.")
    await without_barriers(third, "desk-without-feature")
    server.send(KILL)
    await supervisor.see("Not up to date.")
    await without_barriers(supervisor, "floor-outage")


async def without_barriers(window, name):
    for scheme in ("light", "dark"):
        for width, height in ((1440, 900), (390, 844)):
            await window.look(scheme=scheme, width=width, height=height)
            await window.shot(f"{name}-{scheme}-{width}", whole=width < 500)
            assert await window.violations() == [], f"{name}, {scheme}, {width} wide"
            wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not await window.do("evaluate", expression=wider), f"{name} is wider than {width}"


async def test_the_page_allows_nothing_inline_and_nothing_from_elsewhere(tmp_path):
    require_browser()
    async with serve(tmp_path / "data") as server, chromium() as browser:
        await refuses_scripts(await browser.open("nobody", f"{server.url}/"))


async def refuses_scripts(window):
    policy = window.headers["content-security-policy"]
    assert "unsafe" not in policy
    sources = set(re.findall(r"'[a-z-]+'|https?:\S+|\*", policy))
    assert sources <= {"'none'", "'self'", "'script'"}
    # The policy is in force, not only sent.
    await window.do(
        "evaluate",
        expression="""(() => {
            const script = document.createElement("script");
            try { script.textContent = "globalThis.injected = true"; document.body.append(script); } catch {}
        })()""",
    )
    assert await window.do("evaluate", expression="globalThis.injected ?? null") is None
