import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.bayeux.channels import fitting, is_channel, is_pattern, is_well_formed_pattern


@pytest.mark.parametrize("name", ["/a", "/v2/me/calls", "/a b", "/a/*", "/a/**", "/!#$()*+-./@_{~}", "/" + "x" * 255])
def test_what_cometd_takes_for_a_channel_is_one(name):
    assert is_channel(name, 256)


@pytest.mark.parametrize(
    "name", ["", "/", "a", "a/b", "/ä", "/a\n", "/a?b", "/a%20b", '/a"', "/" + "x" * 256, None, 5, []]
)
def test_what_cometd_refuses_is_no_channel(name):
    assert not is_channel(name, 256)


@pytest.mark.parametrize(
    ("name", "pattern", "well_formed"),
    [
        ("/a", False, True),
        ("/a/*", True, True),
        ("/a/**", True, True),
        ("/*", True, True),
        ("/**", True, True),
        ("/a/*/b", False, False),
        ("/a/**/b", False, False),
        ("/*/*", True, False),
        ("/a/b*", False, False),
        ("/a/***", False, False),
    ],
)
def test_a_pattern_has_its_star_as_the_last_segment_and_nowhere_else(name, pattern, well_formed):
    assert (is_pattern(name), is_well_formed_pattern(name)) == (pattern, well_formed)


@pytest.mark.parametrize(
    ("channel", "patterns"),
    [
        ("/a", {"/a", "/*", "/**"}),
        ("/a/b", {"/a/b", "/a/*", "/a/**", "/**"}),
        ("/v2/me/calls", {"/v2/me/calls", "/v2/me/*", "/v2/me/**", "/v2/**", "/**"}),
    ],
)
def test_a_channel_fits_its_own_name_and_the_patterns_above_it(channel, patterns):
    assert fitting(channel) == patterns


segments = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5)


@given(
    channel=segments, parent=st.lists(st.sampled_from(["a", "b", "c"]), max_size=5), star=st.sampled_from(["*", "**"])
)
def test_one_star_is_one_more_segment_and_two_are_one_or_more(channel, parent, star):
    more = len(channel) - len(parent)
    fits = channel[: len(parent)] == parent and (more == 1 if star == "*" else more >= 1)
    assert ("/".join(["", *parent, star]) in fitting("/" + "/".join(channel))) == fits
