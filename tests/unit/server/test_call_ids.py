"""The shapes of ids."""

import os
import re

from server.call_ids import call_id, conn_id


def test_a_call_id_is_thirty_two_characters_of_base_32():
    assert re.fullmatch("[0-9A-V]{32}", call_id(os.urandom))


def test_a_connection_id_is_sixteen_hexadecimal_digits():
    assert re.fullmatch("00[0-9a-f]{14}", conn_id(os.urandom))


def test_ids_are_made_of_all_the_random_bits_they_are_given():
    assert len({call_id(os.urandom) for _ in range(1000)}) == 1000
    assert len({conn_id(os.urandom) for _ in range(1000)}) == 1000
