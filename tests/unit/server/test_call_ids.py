"""The shapes of ids."""

import itertools
import os
import re

from server.call_ids import RandomPool, call_id, conn_id


def test_a_call_id_is_thirty_two_characters_of_base_32():
    assert re.fullmatch("[0-9A-V]{32}", call_id(os.urandom))


def test_a_connection_id_is_sixteen_hexadecimal_digits():
    assert re.fullmatch("00[0-9a-f]{14}", conn_id(os.urandom))


def test_ids_are_made_of_all_the_random_bits_they_are_given():
    assert len({call_id(os.urandom) for _ in range(1000)}) == 1000
    assert len({conn_id(os.urandom) for _ in range(1000)}) == 1000


def test_a_pool_gives_every_byte_of_its_source_at_most_once():
    fetched = itertools.count()
    pool = RandomPool(lambda count: bytes([next(fetched)]) * count)
    given = [pool(32) for _ in range(128)] + [pool(7) for _ in range(585)] + [pool(32)]
    assert given[:128] == [bytes(32)] * 128
    assert set(given[128:-1]) == {bytes([1]) * 7}
    assert given[-1] == bytes([2]) * 32
