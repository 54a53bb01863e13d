import pytest

from server.campaigns import calling_lists
from server.campaigns.call_windows import CallWindow
from server.campaigns.schema import Campaign, State
from tests.unit.server.campaigns.conftest import CAMPAIGN

NIGHT = CallWindow("UTC", 80_000, 80_001)


def record(lists, handle):
    return calling_lists.read(lists, handle)


def complete(lists, handle, result="NoAnswer", agent="ada", now=1000.0):
    held = calling_lists.held(lists, handle, agent, CAMPAIGN.name)
    calling_lists.complete(lists, held, result, "", CAMPAIGN.name, now)


def reschedule(lists, handle, due, callback_for="", agent="ada"):
    held = calling_lists.held(lists, handle, agent, CAMPAIGN.name)
    calling_lists.reschedule(lists, held, due, callback_for, CAMPAIGN.name, 1000.0)


def test_records_are_handed_out_in_the_order_of_the_list_and_each_once(put, pull):
    handles = [put("5001"), put("5002"), put("5003")]
    assert [pull("ada"), pull("ben"), pull("ada"), pull("ben")] == [*handles, None]


def test_a_record_outside_of_its_call_window_is_not_handed_out(put, pull):
    put("5001", window=NIGHT)
    assert pull(now=1000.0) is None
    assert pull(now=80_000.5) is not None


def test_only_the_lists_of_the_campaign_are_called(put, pull):
    put("5001", "Other")
    assert pull() is None


def test_what_is_on_the_do_not_call_list_is_never_handed_out_and_finished(lists, put, pull):
    forbidden, other = put("+1 (410) 555-0100"), put("5002")
    calling_lists.forbid(lists, ["14105550100"], 0.0)
    assert pull() == other
    assert record(lists, forbidden).state is State.DONE
    assert record(lists, forbidden).call_result == "DoNotCall"


def test_a_number_may_be_called_again_when_it_is_taken_off_the_do_not_call_list(lists, put, pull):
    calling_lists.forbid(lists, ["5001"], 0.0)
    calling_lists.allow(lists, ["5001"])
    assert pull() is None
    assert put("5001") == pull()


def test_a_record_returns_when_the_lease_has_ended_and_not_before(lists, put, pull):
    handle = put("5001")
    assert pull("ada", 1000.0) == handle
    assert pull("ben", 1059.0) is None
    assert pull("ben", 1060.0) == handle
    assert calling_lists.held(lists, handle, "ada", CAMPAIGN.name) is None


def test_a_lease_can_be_made_longer_and_is_only_for_who_has_the_record(lists, put, pull):
    handle = put("5001")
    pull("ada", 1000.0)
    assert calling_lists.expired(lists, 1060.0) == [(handle, "ada")]
    calling_lists.renew(lists, [handle], 2000.0)
    assert pull("ben", 1999.0) is None
    complete(lists, handle)
    calling_lists.renew(lists, [handle], 3000.0)
    assert calling_lists.expired(lists, 9999.0) == []


def test_what_is_rejected_comes_back_behind_the_others(lists, put, pull):
    first, second = put("5001"), put("5002")
    assert pull() == first
    calling_lists.reject(lists, first, 1000.0)
    assert [pull(), pull()] == [second, first]
    assert record(lists, first).attempts == 0


def test_what_is_completed_never_comes_back_and_the_attempt_is_kept(lists, put, pull):
    handle = put("5001")
    pull()
    complete(lists, handle, "Answer")
    assert pull(now=1e9) is None
    assert (record(lists, handle).attempts, record(lists, handle).call_result) == (1, "Answer")
    assert lists.execute("SELECT user_name, phone, call_result FROM attempts").fetchall() == [("ada", "5001", "Answer")]


def test_a_callback_of_the_campaign_comes_when_it_is_due_and_before_new_records(lists, put, pull):
    handle = put("5001")
    pull()
    reschedule(lists, handle, 2000.0)
    new = put("5002"), put("5003")
    assert pull("ben", 1999.0) == new[0]
    assert pull("ben", 2000.0) == handle


def test_a_personal_callback_comes_to_its_agent_alone_and_at_any_time_of_day(lists, put, pull):
    handle = put("5001", window=NIGHT)
    assert pull("ada", 80_000.5) == handle
    reschedule(lists, handle, 90_000.0, "ada")
    assert pull("ben", 90_000.0) is None
    assert pull("ada", 90_000.0) == handle


def test_a_result_that_was_noted_before_a_callback_counts_as_an_attempt(lists, put, pull):
    handle = put("5001")
    pull()
    held = record(lists, handle)
    calling_lists.update(lists, held, held, "NoAnswer")
    reschedule(lists, handle, 2000.0)
    assert (record(lists, handle).attempts, record(lists, handle).call_result) == (1, "")


def test_a_chain_is_called_one_by_one(lists, put, pull):
    chain = [put(number, chain=7) for number in ("5001", "5002", "5003")]
    assert pull("ada") == chain[0]
    assert pull("ben") is None
    complete(lists, chain[0], "NoAnswer")
    assert pull("ben") == chain[1]
    complete(lists, chain[1], "Answer", "ben")
    assert pull("ada") is None
    assert record(lists, chain[2]).state is State.DONE


def test_chains_of_different_lists_have_nothing_to_do_with_each_other(lists, put, pull):
    calling_lists.create(lists, CAMPAIGN, ["C", "D"])
    first, other = put("5001", chain=7), put("5002", "D", chain=7)
    assert {pull("ada"), pull("ben")} == {first, other}


def test_the_chain_of_a_forbidden_number_goes_on_with_the_next(lists, put, pull):
    first, second = put("5001", chain=7), put("5002", chain=7)
    assert pull() == first
    calling_lists.finish_forbidden(lists, record(lists, first), all_chain=False, now=1000.0)
    assert pull() == second


def test_do_not_call_for_all_of_a_chain_finishes_it(lists, put, pull):
    first = put("5001", chain=7)
    put("5002", chain=7)
    pull()
    calling_lists.finish_forbidden(lists, record(lists, first), all_chain=True, now=1000.0)
    assert pull() is None
    assert calling_lists.is_forbidden(lists, "5002")


def test_an_agent_who_asks_for_the_chain_has_all_of_it_and_gives_all_back_at_the_end(lists, put, pull):
    chain = [put(number, chain=7) for number in ("5001", "5002", "5003")]
    pull("ada")
    others = calling_lists.chained(lists, record(lists, chain[0]), CAMPAIGN, 1000.0)
    assert [each.handle for each in others] == chain[1:]
    calling_lists.end_session(lists, "ada", CAMPAIGN.name)
    assert pull("ben") == chain[0]
    assert pull("cleo") is None


def test_a_chain_whose_agent_is_gone_is_never_stuck(lists, put, pull):
    chain = [put(number, chain=7) for number in ("5001", "5002")]
    pull("ada", 1000.0)
    calling_lists.chained(lists, record(lists, chain[0]), CAMPAIGN, 1000.0)
    complete(lists, chain[0], "NoAnswer")
    assert pull("ben", 2000.0) == chain[1]


def test_a_session_begins_and_ends(lists):
    calling_lists.begin_session(lists, "ada", "Autumn", "d1")
    assert calling_lists.has_session(lists, "ada", "Autumn")
    assert not calling_lists.has_session(lists, "ben", "Autumn")
    calling_lists.end_session(lists, "ada", "Autumn")
    assert not calling_lists.has_session(lists, "ada", "Autumn")


def test_a_campaign_that_is_put_in_again_has_its_new_lists(lists):
    calling_lists.create(lists, Campaign("Autumn", 7, "G", "text", 5.0), ["B", "A", "B"])
    assert calling_lists.campaign(lists, "Autumn") == Campaign("Autumn", 7, "G", "text", 5.0)
    assert calling_lists.lists_of(lists, "Autumn") == ["A", "B"]
    assert calling_lists.campaign(lists, "Winter") is None


@pytest.mark.parametrize("count", [1_000, 100_000])
def test_what_is_next_is_found_by_an_index_however_long_the_list_is(lists, count):
    calling_lists._window(lists, CallWindow("UTC", 0, 86_399))
    lists.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO records SELECT i, 'C', NULL, 0, '5', '5', '', '', 1, x'', 5, 0, 0, '', 0, '', '', '', 0 FROM n",
        (count,),
    )
    steps = 0

    def count_steps():
        nonlocal steps
        steps += 1

    lists.set_progress_handler(count_steps, 100)
    assert calling_lists.next_record(lists, CAMPAIGN, "ada", 1000.0) is None
    assert steps < 20
