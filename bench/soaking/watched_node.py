"""The node as it is, and what a soak wants to know of its inside. Takes the node's own options.

SIGUSR1: collect garbage, then write how many of the engine's objects live, by type, to the file SOAK_COUNTS names.
SIGUSR2: write the stack of every thread to standard error, also when nothing holds still long enough to be asked.
"""

import collections
import faulthandler
import gc
import json
import os
import signal
from pathlib import Path
from types import FrameType

from vasistas.media.sfu import main

MODULES = ("vasistas.media.sfu.", "libdatachannel")


def count(_number: int, _frame: FrameType | None) -> None:
    gc.collect()
    names = (f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    found = collections.Counter(name for name in names if name.startswith(MODULES))
    path = Path(os.environ["SOAK_COUNTS"])
    path.with_suffix(".part").write_text(json.dumps(found))
    path.with_suffix(".part").rename(path)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, count)
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    main.main()
