"""The vocabulary between the processes survives the way."""

import json
import os

import pytest

from pydock.linux import datagram
from pydock.runtime import channel
from pydock.runtime.messages import (
    AttachStream,
    ClientStream,
    Exited,
    Log,
    Message,
    Proceed,
    Query,
    StartContainer,
    Started,
    StartExec,
    State,
)

MESSAGES: list[Message] = [
    StartContainer(
        id="a" * 64,
        bundle="/run/x",
        rootfs=[{"type": "overlay", "source": "overlay", "target": "/", "options": ["ro"], "lowerdirs": ["/a"]}],
        new_namespaces=0x00020000,
        pid_namespace="/proc/1/ns/pid",
        cgroup="/x",
        log=Log("json-file", "/x/y-json.log", {"max-size": "1m"}, {"tag": "é"}),
    ),
    Proceed(),
    StartExec(
        "e",
        {"args": ["sh"], "env": ["A=\udcff"]},
        streams=[ClientStream(stdin=True, early="\xff\x00"), ClientStream(raw=True, detach_keys="\x10\x11")],
    ),
    AttachStream(3, ClientStream(replay=True, live=False)),
    Query(1),
    State(1, 1, 2, 3, 4, ["x"]),
    Exited(137, True, 5),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_is_decoded_is_what_was_encoded(message: Message) -> None:
    assert channel.decode(channel.encode(message)) == message


def test_a_start_is_told_in_the_same_words_by_who_touches_little() -> None:
    assert channel.started(1, 2, 3) == channel.encode(Started(1, 2, 3))
    assert channel.encode(Proceed()) == channel.PROCEED


def test_a_field_of_a_later_version_is_passed_over() -> None:
    assert channel.decode(json.dumps(["Query", {"request": 1, "colour": "red"}]).encode()) == Query(1)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'["Nothing",{}]', b'["Query",{}]', b'["Query",3]', b'["Log",{}]'])
def test_what_is_no_message_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="not a message"):
        channel.decode(text)


def test_a_message_takes_descriptors_with_it_and_the_end_is_none() -> None:
    left, right = datagram.pair()
    with left, right:
        null = os.open(os.devnull, os.O_RDWR)
        channel.send(left, MESSAGES[0], [null, null])
        os.close(null)
        message, fds = channel.receive(right)
        assert message == MESSAGES[0]
        assert len(fds) == 2
        for fd in fds:
            os.close(fd)
        left.close()
        assert channel.receive(right) == (None, [])
