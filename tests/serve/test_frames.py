"""What a browser may send: sound messages pass, and no other frame reaches Jupyter's parsers."""

import json
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
    serialize_binary_message,
    serialize_msg_to_ws_v1,
)

from facelens.serve.frames import LONGEST_JSON, FrameError, check

KINDS = {"comm_open", "comm_msg", "comm_close", "comm_info_request", "kernel_info_request"}
HEADER = {
    "msg_id": "1", "msg_type": "comm_msg", "session": "s", "username": "", "version": "5.3",
    "date": "2026-01-01T00:00:00.000Z",
}  # fmt: skip
CONTENT = {"comm_id": "c", "data": {"method": "custom", "content": {"kind": "photo"}}}


def message(**changes):
    sound = {
        "channel": "shell", "header": HEADER, "parent_header": {}, "metadata": {},
        "content": CONTENT, "buffers": [],
    }  # fmt: skip
    return sound | changes


def newer(said, *buffers):
    names = ("header", "parent_header", "metadata", "content")
    parts = [json.dumps(said[name]).encode() for name in names]
    return serialize_msg_to_ws_v1([*parts, *buffers], said["channel"])


def older(said, *buffers):
    return serialize_binary_message(said | {"buffers": [*buffers]})


def raw(*parts):
    """A frame of the newer protocol with these parts, whatever they are."""
    return serialize_msg_to_ws_v1(list(parts[1:]), parts[0])


@pytest.mark.parametrize("photo", [(), (b"",), (b"a photo", b"and more")])
def test_what_a_page_sends_passes_in_either_protocol(photo):
    said = message()
    for frame, is_newer in ((newer(said, *photo), True), (older(said, *photo), False)):
        assert check(frame, newer=is_newer, kinds=KINDS).kind == "comm_msg"
        assert check(frame, newer=is_newer, kinds=KINDS).size == len(frame)
    assert check(json.dumps(said), newer=False, kinds=KINDS).name == "1"


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff" * 8, b"", b"\0" * 8, b"\xff" * 4096, "text", b"\x07" + b"\0" * 7,
        struct.pack("<8Q", 7, 64, 64, 64, 64, 64, 64, 1 << 62),
        struct.pack("<8Q", 7, 64, 9, 8, 7, 6, 5, 64),
        newer(message())[:-1], newer(message()) + b"x",
    ],
)  # fmt: skip
def test_frames_that_lie_of_their_parts_are_refused(frame):
    for kinds in (KINDS, ()):
        with pytest.raises(FrameError) as refused:
            check(frame, newer=True, kinds=kinds)
        assert refused.value.code == 1002


@pytest.mark.parametrize(
    "frame",
    [
        b"\x7f\xff\xff\xff", b"\xff" * 4, b"\0\0\0\0", older(message())[:-1], older(message())[:7],
        struct.pack("!3I", 2, 12, 4) + b"{}", "", "[]", "{}", "NaN", "[" * 100_000,
        json.dumps(message(channel=None)), json.dumps(message(buffers=["x"])),
        json.dumps({key: value for key, value in message().items() if key != "header"}),
    ],
)  # fmt: skip
def test_messages_of_the_older_protocol_are_checked_too(frame):
    for kinds in (KINDS, ()):
        with pytest.raises(FrameError):
            check(frame, newer=False, kinds=kinds)


@pytest.mark.parametrize(
    "part",
    [
        b"", b"[]", b"null", b"\xff", b"{", b'{"a":NaN}', b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' * 101 + b"1" + b"}" * 101, b'{"a":"' + b"x" * LONGEST_JSON + b'"}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", range(4))
def test_json_is_small_shallow_and_an_object(part, place):
    parts = [json.dumps(each).encode() for each in (HEADER, {}, {}, CONTENT)]
    parts[place] = part
    with pytest.raises(FrameError):
        check(raw("shell", *parts), newer=True, kinds=KINDS)


def test_brackets_in_a_text_are_no_depth():
    deep = {"comm_id": "c", "data": "[" * 1000 + '"{' * 1000}
    assert check(newer(message(content=deep)), newer=True, kinds=KINDS)


@pytest.mark.parametrize("key", ["msg_id", "msg_type", "session"])
@pytest.mark.parametrize("value", [None, 1, [], {}, "", "x" * 300])
def test_identifiers_are_short_texts(key, value):
    with pytest.raises(FrameError, match=key):
        check(newer(message(header=HEADER | {key: value})), newer=True, kinds=KINDS)


@pytest.mark.parametrize(
    "date", ["2026-13-01T00:00:00Z", "2026-01-01T00:00:00Z\n", "٢٠٢٦-01-01T00:00:00"]
)
@pytest.mark.parametrize("part", ["header", "parent_header"])
@pytest.mark.parametrize("nested", [False, True])
def test_what_looks_like_a_date_is_one(date, part, nested):
    # Otherwise the kernel's log gets a traceback: jupyter_client reads every such text as a date.
    told = {"date": date} if not nested else {"more": [{"date": date}]}
    said = message(**{part: (HEADER if part == "header" else {}) | told})
    for frame, is_newer in ((newer(said), True), (older(said), False)):
        with pytest.raises(FrameError, match="date"):
            check(frame, newer=is_newer, kinds=KINDS)


@pytest.mark.parametrize("date", ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00+01:00", "soon"])
def test_dates_and_other_texts_pass(date):
    said = message(header=HEADER | {"date": date}, parent_header={"date": date})
    assert check(newer(said), newer=True, kinds=KINDS)


@pytest.mark.parametrize(
    ("kind", "channel", "content"),
    [
        ("execute_request", "shell", {"code": "1"}), ("execute_request", "control", {"code": "1"}),
        ("debug_request", "control", {}), ("input_reply", "stdin", {"value": ""}),
        ("shutdown_request", "control", {}), ("comm_msg", "iopub", CONTENT),
        ("comm_msg", "control", CONTENT), ("comm_msg", "", CONTENT),
        ("comm_open", "shell", {"comm_id": "c", "target_name": "jupyter.widget", "data": {}}),
    ],
)  # fmt: skip
def test_a_visitor_sends_only_what_a_page_sends(kind, channel, content):
    said = message(header=HEADER | {"msg_type": kind}, channel=channel, content=content)
    for frame, is_newer in ((newer(said), True), (json.dumps(said), False)):
        with pytest.raises(FrameError):
            check(frame, newer=is_newer, kinds=KINDS)


def test_the_owner_of_a_kernel_may_run_code_and_send_much():
    code = {"code": "x" * (2 * LONGEST_JSON)}
    said = message(header=HEADER | {"msg_type": "execute_request"}, content=code)
    assert check(newer(said, *[b"x"] * 500), newer=True).kind == "execute_request"
    assert check(json.dumps(said | {"channel": "control"}), newer=False)
    with pytest.raises(FrameError):
        check(newer(said | {"channel": "iopub"}), newer=True)


anything = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda below: some.lists(below, max_size=3) | some.dictionaries(some.text(), below, max_size=3),
    max_leaves=10,
)
odd = some.fixed_dictionaries(
    {
        name: some.just(value) | anything
        for name, value in message(header=HEADER).items()
        if name != "buffers"
    }
)


@settings(max_examples=300, deadline=None)
@given(said=odd, buffers=some.lists(some.binary(max_size=9), max_size=3), data=some.data())
def test_no_frame_raises_anything_else_and_what_passes_is_what_jupyter_reads(said, buffers, data):
    is_newer = data.draw(some.booleans())
    if is_newer:
        said["channel"] = str(said["channel"]).encode("utf8", "replace").decode()
        frame = newer(said, *buffers)
    else:
        frame = older(said, *buffers)
    for _ in range(data.draw(some.integers(0, 3))):  # change a byte, or cut
        at = data.draw(some.integers(0, max(len(frame) - 1, 0)))
        with_ = data.draw(some.binary(max_size=2))
        frame = frame[:at] + with_ + frame[at + len(with_) :] if with_ else frame[:at]
    try:
        found = check(frame, newer=is_newer, kinds=KINDS)
    except FrameError:
        return
    if is_newer:
        channel, parts = deserialize_msg_from_ws_v1(frame)
        read = json.loads(parts[0])
    else:
        whole = deserialize_binary_message(frame)
        channel, read = whole["channel"], whole["header"]
    assert (channel, found.name, found.kind) == ("shell", read["msg_id"], read["msg_type"])


@settings(max_examples=300, deadline=None)
@given(some.binary(max_size=200) | some.text(max_size=200), some.booleans(), some.booleans())
@example(b"\xff" * 8, True, True)
def test_noise_is_refused(frame, is_newer, is_visitor):
    with pytest.raises(FrameError):
        check(frame, newer=is_newer, kinds=KINDS if is_visitor else ())
