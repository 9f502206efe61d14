"""The memory allocator of glibc, told to keep what it will need again in a moment."""

import ctypes
from typing import Final

# The numbers are glibc's, in <malloc.h>.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3


def keep_freed_memory(threshold: int) -> bool:
    """Have malloc keep blocks of up to `threshold` bytes; whether there is a glibc to be told.

    An upstream page of 2 MB is a block that malloc would map and unmap for each request, and the
    kernel would clear all of its pages again.
    """
    if threshold <= 0:
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
    mallopt.restype = ctypes.c_int
    return bool(
        mallopt(_M_MMAP_THRESHOLD, threshold)
        and mallopt(_M_TRIM_THRESHOLD, min(2 * threshold, 2**31 - 1))
    )
