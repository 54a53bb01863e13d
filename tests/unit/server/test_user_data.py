"""What becomes of user data."""

from hypothesis import given
from hypothesis import strategies as st

from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value
from server.user_data import attached, merged, updated, without_key


def data(*pairs):
    return UserData(pairs=[UserDataPair(key=key, value=Value(int_value=value)) for key, value in pairs])


def test_attaching_adds_also_where_the_key_is_there():
    assert attached(data(("a", 1)), data(("a", 2), ("b", 3))) == data(("a", 1), ("a", 2), ("b", 3))


def test_updating_overwrites_in_place_and_adds_behind():
    assert updated(data(("a", 1), ("b", 2)), data(("b", 3), ("c", 4))) == data(("a", 1), ("b", 3), ("c", 4))


def test_updating_makes_its_own_keys_stand_once_and_leaves_others_twice():
    twice = data(("a", 1), ("b", 2), ("a", 3), ("b", 4))
    assert updated(twice, data(("a", 9))) == data(("a", 9), ("b", 2), ("b", 4))


def test_deleting_a_key_removes_every_pair_with_it():
    assert without_key(data(("a", 1), ("b", 2), ("a", 3)), "a") == data(("b", 2))


def test_merging_keeps_the_first_place_and_the_last_value():
    assert merged(data(("a", 1), ("b", 1)), data(("c", 2), ("a", 2))) == data(("a", 2), ("b", 1), ("c", 2))


PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=6)


@given(PAIRS, PAIRS)
def test_nothing_given_is_changed_and_the_last_value_of_every_key_is_found(before, addition):
    old, new = data(*before), data(*addition)
    for change in (attached, updated, merged):
        result = change(old, new)
        assert {pair.key: pair.value.int_value for pair in result.pairs} == dict(before) | dict(addition)
    assert (old, new) == (data(*before), data(*addition))
