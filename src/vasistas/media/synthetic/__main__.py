"""`python -m vasistas.media.synthetic --whip URL --key-file FILE`: publish a test picture until SIGTERM or Ctrl-C."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from vasistas.lib import parent
from vasistas.media import synthetic


def main(argv: Sequence[str] | None = None) -> None:
    """Publish, or with --still write one picture."""
    options = _parse(argv)
    logging.basicConfig(level=os.environ.get("VASISTAS_LOG_LEVEL", "INFO"), format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if options.still:
        options.still.write_bytes(synthetic.still(options.scene, title=options.title))
        return
    if not options.whip or not options.key_file:
        sys.exit("Give --whip URL and --key-file FILE, or --still PATH.")
    try:
        from vasistas.media.synthetic import host  # noqa: PLC0415 — only here PyAV is needed
    except ImportError:
        sys.exit("The synthetic host needs PyAV. Install requirements/demo.txt.")
    try:
        key = options.key_file.read_text().strip()
    except OSError as error:
        sys.exit(f"Cannot read the stream key from {options.key_file} ({error.strerror}).")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.parent:
        parent.when_gone(options.parent, stop.set)
    host.run(
        host.Options(
            whip_url=options.whip,
            key=key,
            scene=options.scene,
            title=options.title,
            codec="H264" if options.h264 else "VP8",
        ),
        stop,
    )
    logging.shutdown()
    os._exit(0)  # native threads do not survive an interpreter's end


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m vasistas.media.synthetic", description=__doc__)
    parser.add_argument("--whip", metavar="URL", help="the site's WHIP address")
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="file with the room's stream key")
    parser.add_argument("--scene", "--palette", default="aquarium", help=", ".join(sorted(synthetic.SCENES)))
    parser.add_argument("--title", default="", help="drawn on the picture")
    parser.add_argument("--h264", action="store_true", help="code H264 instead of VP8")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when this process, which started it, is gone")
    parser.add_argument("--still", type=Path, metavar="PATH", help="write one WebP picture and end")
    options = parser.parse_args(argv)
    if options.scene not in synthetic.SCENES:
        sys.exit(f"There is no scene {options.scene!r}. Choose one of {', '.join(sorted(synthetic.SCENES))}.")
    return options


if __name__ == "__main__":
    main()
