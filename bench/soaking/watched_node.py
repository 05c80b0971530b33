"""The node as it is, and what a soak wants to know of its inside. Takes the node's own options.

SIGUSR1: collect garbage, then write to the file SOAK_COUNTS names: how many of the engine's objects live, by type, how
much memory is in use, how many threads belong to pools. (RSS is more than what is in use: the C library keeps what 40
threads once needed, in an arena for each.)
SIGUSR2: write the stack of every thread to standard error, also when nothing holds still long enough to be asked.
"""

import collections
import ctypes
import faulthandler
import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from vasistas.media.sfu import main

MODULES = ("vasistas.media.sfu.", "libdatachannel")
POOLS = ("media-open", "media-close")  # bounded, and filled as they are needed: no growth


class _HeapInfo(ctypes.Structure):
    """`struct mallinfo2` (glibc 2.33), over all arenas; bytes."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "used", "free", "keepcost")
    ]


def heap_used_bytes() -> int:
    """Return what native code has allocated and not freed; 0 where the C library does not tell."""
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return 0
    ask.restype = _HeapInfo
    found = ask()
    return int(found.used + found.hblkhd)


def count(_number: int, _frame: FrameType | None) -> None:
    gc.collect()
    names = (f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    objects = collections.Counter(name for name in names if name.startswith(MODULES))
    found = {
        "objects": objects,
        "heap_bytes": heap_used_bytes(),
        "python_blocks": sys.getallocatedblocks(),
        "pool_threads": sum(thread.name.startswith(POOLS) for thread in threading.enumerate()),
    }
    path = Path(os.environ["SOAK_COUNTS"])
    path.with_suffix(".part").write_text(json.dumps(found))
    path.with_suffix(".part").rename(path)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, count)
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    main.main()
