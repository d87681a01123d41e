"""The event stream's frames: what core/wire encodes is what botocore reads, and what the format's description says by hand."""
import re
import struct
import zlib

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from server import ROOT

SOURCE = (ROOT / "core" / "wire" / "tests" / "it" / "eventstream.rs").read_text()
# core/wire's own tests hold its encoder and its decoder to these very frames.
FRAMES = {name: bytes.fromhex(frame) for name, frame in re.findall(r'const (\w+): &str = "([0-9a-f]+)";', SOURCE)}

KINDS = {"byte": 2, "short": 3, "int": 4, "long": 5, "bytes": 6, "text": 7, "time": 8, "uuid": 9}
FIXED = {2: ">b", 3: ">h", 4: ">i", 5: ">q", 8: ">q"}


def by_hand(headers, payload):
    """A frame: lengths, their checksum, headers (name, kind, value), payload, the checksum of all."""
    head = b""
    for name, kind, value in headers:
        head += bytes([len(name)]) + name.encode()
        if kind is bool:
            head += b"\x00" if value else b"\x01"
            continue
        number = KINDS[kind]
        head += bytes([number])
        if number in FIXED:
            head += struct.pack(FIXED[number], value)
        elif number == 9:
            head += value
        else:
            value = value.encode() if kind == "text" else value
            head += struct.pack(">H", len(value)) + value
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    frame = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return frame + struct.pack(">I", zlib.crc32(frame))


def texts(*pairs):
    return [(name, "text", value) for name, value in pairs]


BUILT = {
    "EMPTY": ([], b""),
    "EVENT": (
        texts((":message-type", "event"), (":event-type", "PayloadChunk"), (":content-type", "application/octet-stream")),
        b"hello",
    ),
    "EXCEPTION": (
        texts(
            (":message-type", "exception"), (":exception-type", "ServiceException"), (":content-type", "application/json")
        ),
        b'{"message":"no"}',
    ),
    "ERROR": (
        texts(
            (":message-type", "error"), (":error-code", "InternalError"), (":error-message", "An internal error")
        ),
        b"",
    ),
    "EVERY_TYPE": (
        [
            ("t", bool, True), ("f", bool, False), ("b", "byte", -1), ("s", "short", 256), ("i", "int", 42), ("l", "long", -1),
            ("y", "bytes", b"\x00\x01"), ("x", "text", "é"), ("d", "time", 1_763_942_400_123), ("u", "uuid", bytes(range(16))),
        ],
        b"\x00",
    ),
}


def decoded(data):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


def test_there_is_a_frame_of_each_kind():
    assert set(FRAMES) == set(BUILT)


@pytest.mark.parametrize("name", BUILT)
def test_a_frame_is_what_the_format_says(name):
    assert FRAMES[name] == by_hand(*BUILT[name])


@pytest.mark.parametrize("name", BUILT)
def test_botocore_reads_a_frame(name):
    headers, payload = BUILT[name]
    (event,) = decoded(FRAMES[name])
    assert event.payload == payload
    assert list(event.headers) == [header for header, _, _ in headers]
    assert list(event.headers.values()) == [value for _, _, value in headers]
    status = event.to_response_dict()["status_code"]
    assert status == (400 if name in ("EXCEPTION", "ERROR") else 200)


def test_botocore_reads_frames_that_arrive_in_pieces():
    buffer, seen = EventStreamBuffer(), []
    for byte in b"".join(FRAMES.values()):
        buffer.add_data(bytes([byte]))
        seen.extend(buffer)
    assert [event.payload for event in seen] == [BUILT[name][1] for name in FRAMES]


def test_botocore_refuses_a_flipped_bit():
    frame = bytearray(FRAMES["EVENT"])
    frame[40] ^= 1
    with pytest.raises(ChecksumMismatch):
        decoded(bytes(frame))
