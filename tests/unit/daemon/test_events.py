"""Events: told, remembered, filtered."""

import asyncio
import time

from pydock.daemon.events import Event, Events, matches

SECOND = 1_000_000_000


def event(action: str = "start", kind: str = "container", **attributes: str) -> Event:
    """One of a container called web."""
    return Event(kind, action, "abc123", {"name": "web", "image": "centos:9", **attributes}, 5)


def test_filters_choose_as_dockers_do() -> None:
    assert matches(event(), {"event": ["stop", "start"], "type": ["container"]})
    assert not matches(event(), {"event": ["stop"]})
    assert matches(event("health_status: healthy"), {"event": ["health_status"]})
    assert not matches(event("started"), {"event": ["start"]})
    assert matches(event(), {"container": ["web"]})
    assert matches(event(), {"container": ["abc"]})
    assert not matches(event(), {"container": ["other"]})
    assert matches(event(), {"image": ["centos"]})
    assert matches(event(a="b"), {"label": ["a=b", "a"]})
    assert not matches(event(a="b"), {"label": ["a=c"]})


def test_a_container_event_has_the_older_fields_too() -> None:
    wire = event().wire()
    assert (wire["status"], wire["id"], wire["from"]) == ("start", "abc123", "centos:9")
    assert wire["Actor"] == {"ID": "abc123", "Attributes": {"name": "web", "image": "centos:9"}}
    assert (wire["time"], wire["timeNano"], wire["scope"]) == (0, 5, "local")


def test_older_fields_without_a_value_are_left_out() -> None:
    """As of a prune, which is of nothing in particular."""
    for kind in ("container", "image"):
        wire = Event(kind, "prune", "", {"reclaimed": "0"}, 5).wire()
        assert (wire["status"], wire["Actor"]["ID"]) == ("prune", "")
        assert not {"id", "from"} & set(wire)


def test_listeners_hear_the_past_and_the_present_to_their_end() -> None:
    async def listen() -> list[str]:
        events = Events()
        events.publish("container", "create", "1")
        until = time.time_ns() + SECOND // 5
        subscription = events.listen({"type": ["container"]}, since=1, until=until)
        await asyncio.to_thread(events.publish, "container", "start", "1")
        events.publish("image", "pull", "2")
        heard = [event.action async for event in subscription]
        assert events.listeners == 1
        subscription.close()
        assert events.listeners == 0
        return heard

    assert asyncio.run(listen()) == ["create", "start"]


def test_what_waits_is_taken_at_once() -> None:
    async def listen() -> list[str]:
        events = Events()
        subscription = events.listen()
        for action in ("create", "start", "die"):
            events.publish("container", action, "1")
        first = await anext(subscription)
        return [first.action, *(event.action for event in subscription.waiting(1))]

    assert asyncio.run(listen()) == ["create", "start"]
