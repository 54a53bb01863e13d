import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.grpc_web import Malformed, is_text, message, read_message, timeout, trailers


@given(st.binary(max_size=300), st.booleans())
def test_a_message_is_read_as_it_was_written(payload, text):
    assert read_message(message(payload, text=text), text=text) == payload


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"\x00\x00\x00\x00\x02a",
        b"\x00\x00\x00\x00\x00a",
        b"\x01\x00\x00\x00\x00",
        b"\x80\x00\x00\x00\x00",
    ],
)
def test_what_is_no_frame_of_a_message_is_refused(body):
    with pytest.raises(Malformed):
        read_message(body, text=False)
    with pytest.raises(Malformed):
        read_message(base64.b64encode(body) + b"!", text=True)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("application/grpc-web", False),
        ("application/grpc-web+proto", False),
        ("application/grpc-web-text", True),
        ("application/grpc-web-text+proto", True),
    ],
)
def test_the_content_type_says_the_form(kind, text):
    assert is_text(kind) is text


@pytest.mark.parametrize("kind", ["application/json", "application/grpc-web+json", "application/grpc", ""])
def test_any_other_content_type_is_refused(kind):
    with pytest.raises(Malformed, match="content type"):
        is_text(kind)


def test_trailers_have_status_text_and_details():
    frame = trailers(5, "50 % of ☎\n", [("grpc-status-details-bin", b"\x00\xff"), ("other", "x")], text=False)
    assert (frame[0], int.from_bytes(frame[1:5])) == (0x80, len(frame) - 5)
    assert frame[5:].decode() == (
        "grpc-status: 5\r\ngrpc-message: 50 %25 of %E2%98%8E%0A\r\ngrpc-status-details-bin: AP8\r\n"
    )


@pytest.mark.parametrize(
    ("header", "seconds"), [("", None), ("10S", 10.0), ("1500m", 1.5), ("2M", 120.0), ("500000u", 0.5)]
)
def test_a_deadline_is_read(header, seconds):
    assert timeout(header) == seconds


@pytest.mark.parametrize("header", ["10", "S", "-1S", "123456789S", "1.5S", "1X"])
def test_a_deadline_that_is_none_is_refused(header):
    with pytest.raises(Malformed):
        timeout(header)
