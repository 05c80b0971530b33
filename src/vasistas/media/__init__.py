"""Live video: the port the site speaks to, and the embedded engine behind it (`sfu`, its own process, no Django)."""

from vasistas.media.port import MediaPort

_configured: list[MediaPort] = []  # empty or one


def configure(port: MediaPort) -> None:
    """Set the one port of this process; called by `vasistas.config` (and by tests, with a fake)."""
    _configured[:] = [port]


def get_port() -> MediaPort:
    if not _configured:
        raise RuntimeError("No media port is configured. Call media.configure(port) at start-up.")
    return _configured[0]
