import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.bayeux.frames import Broken, FrameReader, Message, Opcode, close_code, close_frame, pong_frame, text_frame
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


# ------------------------------------------------------------ what clients send


def client_frame(first, payload, key=b"\x01\x02\x03\x04", *, masked=True):
    """A frame as RFC 6455, 5.2 draws it; ``first`` is its first byte."""
    size = len(payload)
    head = (
        bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 1 << 16 else b"\x7f" + size.to_bytes(8)
    )
    if not masked:
        return bytes((first,)) + head + payload
    head = bytes((head[0] | 0x80,)) + head[1:]
    return bytes((first,)) + head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


def text(payload):
    return Message(Opcode.TEXT, payload)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 126, 127, 65_535, 65_536])
def test_a_message_of_any_size_is_read_as_it_was_sent(size):
    payload = bytes(number % 251 for number in range(size))
    assert list(FrameReader(1 << 20).feed(client_frame(0x81, payload))) == [text(payload)]


@given(
    st.lists(st.tuples(st.binary(max_size=300), st.integers(1, 4)), max_size=8),
    st.binary(min_size=4, max_size=4),
    st.lists(st.integers(1, 50)),
)
def test_messages_in_any_frames_and_any_pieces_are_read_whole_and_in_order(messages, key, cuts):
    sent, expected = b"", []
    for payload, count in messages:
        step = len(payload) // count + 1
        parts = [payload[at : at + step] for at in range(0, len(payload), step)] or [b""]
        for number, part in enumerate(parts):
            sent += client_frame((number == 0) | (0x80 if number == len(parts) - 1 else 0), part, key)
            sent += client_frame(0x89, b"between")
            expected.append(Message(Opcode.PING, b"between"))
        expected.insert(-1, text(payload))
    reader, found = FrameReader(1000), []
    for cut in [*cuts, len(sent)]:
        found += reader.feed(sent[:cut])
        sent = sent[cut:]
    assert found == expected


@pytest.mark.parametrize(
    ("what", "frames", "code"),
    [
        ("not masked", client_frame(0x81, b"x", masked=False), 1002),
        ("an extension that nobody agreed on", client_frame(0xC1, b"x"), 1002),
        ("an unknown opcode", client_frame(0x83, b"x"), 1002),
        ("an unknown control opcode", client_frame(0x8B, b"x"), 1002),
        ("a continuation of nothing", client_frame(0x80, b"x"), 1002),
        ("a message within a message", client_frame(0x01, b"x") + client_frame(0x81, b"x"), 1002),
        ("a control frame in parts", client_frame(0x09, b"x"), 1002),
        ("a control frame that is too long", client_frame(0x89, b"x" * 126), 1002),
        ("a message that is too large", client_frame(0x81, b"x" * 1001), 1009),
        ("frames that are too large together", client_frame(0x01, b"x" * 501) + client_frame(0x80, b"x" * 500), 1009),
        ("a size that is too large", b"\x81\xff" + b"\xff" * 8, 1009),
    ],
)
def test_what_breaks_the_protocol_is_the_last_that_is_read(what, frames, code):
    reader = FrameReader(1000)
    *before, broken = reader.feed(client_frame(0x81, b"before") + frames + client_frame(0x81, b"after"))
    assert before == [text(b"before")], what
    assert isinstance(broken, Broken)
    assert broken.code == code
    assert list(reader.feed(client_frame(0x81, b"later"))) == []


@given(st.binary(max_size=400), st.lists(st.integers(1, 20)))
def test_whatever_comes_nothing_but_messages_and_one_end_is_read(garbage, cuts):
    reader, found = FrameReader(100), []
    for cut in [*cuts, len(garbage)]:
        found += reader.feed(garbage[:cut])
        garbage = garbage[cut:]
    assert all(isinstance(each, Message) and len(each.payload) <= 125 for each in found[:-1])
    assert sum(isinstance(each, Broken) for each in found) <= 1


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", 1000),
        ((1000).to_bytes(2), 1000),
        ((1001).to_bytes(2) + b"going away", 1001),
        ((4999).to_bytes(2), 4999),
        (b"\x03", 1002),
        ((1005).to_bytes(2), 1002),
        ((1006).to_bytes(2), 1002),
        ((999).to_bytes(2), 1002),
        ((5000).to_bytes(2), 1002),
    ],
)
def test_a_close_is_answered_with_its_own_code_if_that_may_be_sent(payload, code):
    assert close_code(payload) == code


def test_a_pong_has_the_payload_of_its_ping():
    assert pong_frame(b"abc") == b"\x8a\x03abc"
