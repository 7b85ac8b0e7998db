"""What goes over the socket of a worker: whole, in order, bounded; and what may be lost is shed before all else."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_alert import ALERT

from agent.errors import TransportError
from agent.ports import Message
from agent.service.workers.link import Link
from agent.service.workers.spoken import GiveUp, Lives, Notice, Put, SayAlert, Standing, Stop, Up, error_of, named
from agent.service.workers.wire import MAX_BYTES, Unframer, framed

SAID: list[Up] = [
    Lives(has_ended=True),
    SayAlert(ALERT),
    Put((Message("t", b"x" * 1000, kind="diagnosis"), Message("s", b"", retain=True, qos=1))),
    Notice("words"),
]


def unframer() -> Unframer[Up]:
    return Unframer(Up)  # type: ignore[arg-type]  # a union, of which mypy has no type


@given(st.lists(st.integers(1, 400), max_size=40))
def test_messages_come_whole_however_their_bytes_are_cut(cuts):
    stream, found, incoming = b"".join(map(framed, SAID)), [], unframer()
    for cut in [*cuts, len(stream)]:
        found += incoming.feed(stream[:cut])
        stream = stream[cut:]
    assert found == SAID


@pytest.mark.parametrize(
    "noise",
    [
        (MAX_BYTES + 1).to_bytes(4, "big"),
        b"\x00\x00\x00\x01\xc1",
        b"\x00\x00\x00\x02\x81\xa1",
        (lambda body: len(body).to_bytes(4, "big") + body)(msgspec.msgpack.encode({"said": "another"})),
        (lambda body: len(body).to_bytes(4, "big") + body)(msgspec.msgpack.encode({"said": "notice", "text": 5})),
        (lambda body: len(body).to_bytes(4, "big") + body)(
            msgspec.msgpack.encode({"said": "notice", "text": "x" * 5000})
        ),
    ],
)
def test_what_is_no_message_ends_the_connection(noise):
    with pytest.raises(TransportError):
        unframer().feed(noise)


def test_a_message_too_long_is_not_sent():
    with pytest.raises(ValueError, match="longer than"):
        framed(Put((Message("t", bytes(MAX_BYTES + 1)),)))


def test_windows_are_shed_and_counted_and_what_must_arrive_is_not():
    ours, theirs = socket.socketpair()
    link = Link(ours, most_bytes=20_000)
    windows = [Put((Message(f"{number}", bytes(1000)),)) for number in range(50)]
    for number, window in enumerate(windows):
        link.say(window, may_be_lost=True)
        if number % 10 == 0:
            link.say(SayAlert(replace(ALERT, id=f"{number}")))
    assert 25 <= link.shed < 50
    speaking = threading.Thread(target=link.speak)
    speaking.start()
    link.end()
    speaking.join(10)
    ours.close()
    heard, incoming = [], unframer()
    while data := theirs.recv(65536):
        heard += incoming.feed(data)
    theirs.close()
    assert [one.alert.id for one in heard if isinstance(one, SayAlert)] == ["0", "10", "20", "30", "40"]
    told = [one for one in heard if isinstance(one, Put)]
    assert told == windows[link.shed :]
    last = next(place for place, one in enumerate(heard) if isinstance(one, SayAlert) and one.alert.id == "40")
    assert heard[last - 1] == windows[40]  # in the order in which it was said


@pytest.mark.parametrize("last", [b"", b"\xff\xff\xff\xff"])
def test_a_process_that_is_left_alone_ends(last):
    ours, theirs = socket.socketpair()
    left: list[int] = []
    link = Link(ours, leave=left.append)
    theirs.sendall(framed(Standing(is_kept=False, troubles=("t",))) + framed(Stop()) + last)
    theirs.close()
    heard: list[object] = []
    link.hear(heard.append)
    assert heard == [Standing(is_kept=False, troubles=("t",)), Stop()]
    assert len(left) == 1
    link.say(GiveUp("s"))
    link.end()
    link.speak()
    assert len(left) == 2
    ours.close()


def test_errors_are_raised_on_the_other_side_as_what_they_were():
    from agent.errors import BundleError, ConfigError

    for error in (ConfigError("one", "two"), BundleError("old"), TransportError("gone")):
        again = error_of(*named(error))
        assert type(again) is type(error)
        assert str(again) == str(error)
    assert isinstance(error_of("Exception", ("odd",)), TransportError)
    assert isinstance(error_of("os", ("odd",)), TransportError)
