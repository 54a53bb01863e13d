"""A cookie among others."""

import pytest

from bridge.legacy.cookies import cookie_of


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("JSESSIONID=abc", "abc"),
        ("theme=dark; JSESSIONID=abc; lang=de", "abc"),
        ("theme=dark;JSESSIONID=abc", "abc"),
        ('JSESSIONID="abc"', "abc"),
        ("JSESSIONID=a=b", "a=b"),
        ("JSESSIONID=old; JSESSIONID=new", "new"),
        ("JSESSIONID=", ""),
        ("JSESSIONID", ""),
        ('JSESSIONID="', '"'),
        ("", ""),
        ("XJSESSIONID=abc; JSESSIONIDX=abc; x=JSESSIONID", ""),
        ("jsessionid=abc", ""),
    ],
)
def test_the_value_of_a_cookie_is_found_among_others(header, value):
    assert cookie_of(header, "JSESSIONID") == value
