"""What the daemon tells on standard error, in dockerd's format: ``time="..." level=info msg="..."``, or JSON.

Set up by main; every module logs to the logger ``pydock`` or below it.
"""

import json
import logging
import re
import sys

from pydock.runtime.logs.entry import format_time

_LEVELS = {"trace": 10, "debug": 10, "info": 20, "warn": 30, "warning": 30, "error": 40, "fatal": 50, "panic": 50}
_NAMES = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "fatal"}
_PLAIN = re.compile(r"[A-Za-z0-9._/@^+-]+")


class _Format(logging.Formatter):
    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        level = _NAMES.get(record.levelno, "info")
        moment = format_time(int(record.created * 1e9))
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + self.formatException(record.exc_info)
        if self._as_json:
            return json.dumps({"level": level, "msg": message, "time": moment})
        quoted = message if _PLAIN.fullmatch(message) else json.dumps(message, ensure_ascii=False)
        return f'time="{moment}" level={level} msg={quoted}'


def begin(level: str, form: str) -> None:
    """Have everything that is logged go to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Format(form == "json"))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    set_level(level)


def set_level(level: str) -> None:
    """Tell more or less from now on."""
    logging.getLogger("pydock").setLevel(_LEVELS[level])
