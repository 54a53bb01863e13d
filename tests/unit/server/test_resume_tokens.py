"""Resume tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.resume_tokens import MalformedToken, ResumePoint, ResumeTokens, read

EPOCH = "00112233445566ff"


@given(st.binary(min_size=8, max_size=8), st.integers(0, 2**64 - 1))
def test_a_token_says_what_it_was_made_from(epoch, position):
    assert read(ResumeTokens(epoch.hex()).at(position).decode()) == ResumePoint(epoch.hex(), position)


def test_the_token_of_half_a_snapshot_begins_anew():
    assert read(ResumeTokens(EPOCH).begin_anew().decode()).begin_anew


@given(st.text())
def test_any_other_text_is_malformed(text):
    with pytest.raises(MalformedToken):
        read(text)


def test_a_token_of_another_version_is_malformed():
    token = ResumeTokens(EPOCH).at(1).decode()
    with pytest.raises(MalformedToken):
        read("B" + token[1:])
