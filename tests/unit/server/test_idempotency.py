"""What a request_id stands for."""

import pytest
from dialbridge.v1.call_service_pb2 import DialRequest

from server.idempotency import KEEP, Full, Idempotency, Reused, fingerprint


def test_the_same_key_with_the_same_request_finds_what_was_begun():
    requests = Idempotency()
    requests.remember("agent1", "key", b"print", "attempt", 0.0)
    assert requests.find("agent1", "key", b"print", KEEP - 1) == "attempt"


def test_the_same_key_with_another_request_is_an_error():
    requests = Idempotency()
    requests.remember("agent1", "key", b"print", "attempt", 0.0)
    with pytest.raises(Reused):
        requests.find("agent1", "key", b"other", 1.0)


def test_a_key_belongs_to_its_user():
    requests = Idempotency()
    requests.remember("agent1", "key", b"print", "attempt", 0.0)
    assert requests.find("agent2", "key", b"other", 1.0) is None


def test_a_key_ends_after_a_day_and_leaves_nothing():
    requests = Idempotency()
    requests.remember("agent1", "key", b"print", "attempt", 0.0)
    assert requests.find("agent1", "key", b"other", KEEP) is None
    requests.remember("agent1", "next", b"print", "attempt", KEEP)
    assert len(requests) == 1


def test_a_full_table_refuses_new_keys_and_forgets_no_old_one():
    requests = Idempotency(capacity=2)
    requests.remember("agent1", "a", b"", 1, 0.0)
    requests.remember("agent1", "b", b"", 2, 0.0)
    with pytest.raises(Full):
        requests.remember("agent1", "c", b"", 3, 1.0)
    assert requests.find("agent1", "a", b"", 1.0) == 1


def test_a_key_of_which_nothing_came_can_be_used_again():
    requests = Idempotency()
    requests.remember("agent1", "key", b"print", "attempt", 0.0)
    requests.forget("agent1", "key")
    assert requests.find("agent1", "key", b"other", 1.0) is None


def test_the_fingerprint_tells_requests_apart():
    first, same, other = (
        DialRequest(destination="5001"),
        DialRequest(destination="5001"),
        DialRequest(destination="5002"),
    )
    assert fingerprint(first) == fingerprint(same) != fingerprint(other)
