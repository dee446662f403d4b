"""Filters that a list or a prune does not know are refused: for the areas whose routes leave that to them."""

from collections.abc import Collection, Iterable

from pydock.errors import InvalidParameter


def check(keys: Iterable[str], accepted: Collection[str]) -> None:
    """InvalidParameter, in Docker's words, for the first of `keys` that is not `accepted`."""
    for key in keys:
        if key not in accepted:
            raise InvalidParameter(f"invalid filter '{key}'" if key else "invalid filter")
