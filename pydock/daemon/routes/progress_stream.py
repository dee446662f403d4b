"""Answers that are a stream of JSON messages: how far a pull, push, load or import is.

Used by the routes of images and registries.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydock.daemon.http.request import Request
from pydock.daemon.http.response import JSON
from pydock.daemon.images.operation import Work, error_message, follow
from pydock.errors import PydockError


def encode(messages: Iterable[Mapping[str, Any]]) -> bytes:
    """Messages as Docker writes them: a line each, ended by CR and LF."""
    return b"".join(
        json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\r\n"
        for message in messages
    )


async def answer(request: Request, work: Work, always: bool = False) -> None:
    """Do `work` and answer with its messages.

    What fails before the first message is raised, and gets a status; with `always` it becomes a message too.
    """
    stream = follow(work)
    try:
        try:
            with request.attended():
                first: list[dict[str, Any]] = await anext(stream, [])
        except PydockError as error:
            if not always:
                raise
            first = [error_message(error)]
        async with request.stream(200, JSON) as out:
            await out.write(encode(first))
            async for messages in stream:
                await out.write(encode(messages))
    finally:
        await stream.aclose()
