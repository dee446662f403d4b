"""Tells followers of logs that there may be something new to read: one inotify instance for all of them.

The daemon has one, with `fileno` in its event loop and `dispatch` as its handler; everything runs in that one thread.
"""

import contextlib
import os
from collections.abc import Callable

from pydock.linux import inotify

#: the watch of an event that tells that others were dropped (IN_Q_OVERFLOW, inotify(7))
_LOST = -1
_MASK = inotify.IN_MODIFY | inotify.IN_CREATE | inotify.IN_MOVED_TO | inotify.IN_DELETE | inotify.IN_ONLYDIR


class Watcher:
    """Calls what followers gave when anything happens in their logs' directories; no more often than `dispatch`."""

    def __init__(self) -> None:
        self._instance = inotify.inotify_init()
        self._actions: dict[int, list[Callable[[], None]]] = {}

    def fileno(self) -> int:
        """The descriptor that is readable when `dispatch` has something to do."""
        return self._instance

    def follow(self, path: str, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` when the log at `path` changes; the call returned ends that.  OSError where it cannot be."""
        watch = inotify.inotify_add_watch(self._instance, os.path.dirname(path) or ".", _MASK)
        self._actions.setdefault(watch, []).append(action)

        def leave() -> None:
            actions = self._actions.get(watch, [])
            if action in actions:
                actions.remove(action)
            if not actions and self._actions.pop(watch, None) is not None:
                with contextlib.suppress(OSError):  # the directory is gone, and the watch with it
                    inotify.inotify_rm_watch(self._instance, watch)

        return leave

    def dispatch(self) -> None:
        """Call the actions of those whose directories have changed, each once."""
        changed = dict.fromkeys(watch for watch, _, _ in inotify.events(self._instance))
        if _LOST in changed:
            changed = dict.fromkeys(self._actions)
        for watch in changed:
            for action in self._actions.get(watch, [])[:]:
                action()

    def close(self) -> None:
        """End it."""
        os.close(self._instance)
        self._actions.clear()
