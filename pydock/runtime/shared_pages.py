"""What a process does last before it forks many children, so that they write to, and so copy, few of its pages.

Called by `zygote`.  It goes by how CPython allocates (Objects/obmalloc.c) and caches (Objects/typeobject.c); where that
is otherwise, children take more memory and nothing else happens.
"""

import gc
import sys
from typing import Final

#: CPython keeps blocks of one size together in pools of so many bytes, each with a header
_POOL: Final = 1 << 14
_POOL_HEADER: Final = 48
#: the sizes that are kept in pools, which are multiples of the first; a bytes object takes so many beside its content
_STEP, _LARGEST, _BYTES_OVERHEAD = 16, 512, sys.getsizeof(b"")
#: how many bytes of one size are taken at most, were it that no new pool is ever begun
_LIMIT: Final = 4 * _POOL
#: so many blocks side by side from a pool's beginning on are of a new pool
_IN_A_ROW: Final = 8

_held: Final[list[bytes]] = []


def settle() -> None:
    """Have the memory of this process stay as it is while children come and go; ends the collection of garbage."""
    _clear_caches()
    gc.collect()
    gc.disable()
    _fill_holes()
    gc.freeze()


def _clear_caches() -> None:
    """Empty the cache of attributes: each name in it is counted, and a child that looks up others would uncount it."""
    if sys.version_info >= (3, 13):
        sys._clear_internal_caches()
    else:
        sys._clear_type_cache()


def _fill_holes() -> None:
    """Take the free blocks of pools in use: what a child makes then lies together, in pools of its own."""
    for size in range(48, _LARGEST + _STEP, _STEP):
        expected, in_a_row = 0, 0
        for _ in range(_LIMIT // size):
            block = bytes(size - _BYTES_OVERHEAD)
            _held.append(block)
            address = id(block)
            begins = address % _POOL == _POOL_HEADER
            in_a_row = 1 if begins else in_a_row + 1 if in_a_row and address == expected else 0
            if in_a_row == _IN_A_ROW:
                break
            expected = address + size
