"""Finds the keys that end an attachment in what a terminal sends, as Docker does.  Pure; the shim calls it."""


class DetachKeys:
    """Looks for `keys` in the input; what might be their beginning is held back until it is known."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._matched = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """(what goes on to the container, whether the keys were found); nothing after the keys goes on.

        As in Docker, a key that breaks a sequence does not begin another one.
        """
        keys = self._keys
        if not keys or (not self._matched and keys[0] not in data):
            return data, False
        passed = bytearray()
        for byte in data:
            if byte == keys[self._matched]:
                self._matched += 1
                if self._matched == len(keys):
                    self._matched = 0
                    return bytes(passed), True
                continue
            passed += keys[: self._matched]
            passed.append(byte)
            self._matched = 0
        return bytes(passed), False
