import pytest

from bridge.bayeux.frames import close_frame, text_frame
from bridge.bayeux.messages import Event


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (1, b"\x81\x01"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_text_frame_has_the_shortest_head_that_holds_its_length(size, head):
    payload = b"x" * size
    assert text_frame(payload) == head + payload


def test_an_event_is_one_frame_with_an_array_of_one():
    assert Event("/a", b'{"data":1,"channel":"/a"}').frame == b'\x81\x1b[{"data":1,"channel":"/a"}]'


def test_a_close_frame_has_the_code_and_the_reason():
    assert close_frame(1001, "the server is being stopped") == b"\x88\x1d\x03\xe9the server is being stopped"


@pytest.mark.parametrize("reason", ["x" * 124, "ä" * 62, "€" * 42])
def test_a_close_frame_never_exceeds_a_control_frame_nor_splits_a_character(reason):
    frame = close_frame(1000, reason)
    assert frame[1] == len(frame) - 2 <= 125
    assert reason.startswith(frame[4:].decode()) and frame[4:]
