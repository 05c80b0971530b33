"""Starts the sandbox: `vasistas sandbox`. Options also come from the environment."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from vasistas.lib import parent
from vasistas.lib.loopback import is_loopback
from vasistas.payments.sandbox.provider.app import Setup, make_app
from vasistas.payments.sandbox.provider.site import Merchant

PORT_DEFAULT = 8003
SHUTDOWN_S = 1  # for requests under way
FILE = "sandbox.sqlite3"


class Misconfigured(Exception):  # noqa: N818 — reads as a fact
    """One line: what is wrong and what to do."""


@dataclass(frozen=True)
class Options:
    setup: Setup
    bind: str
    port: int
    is_child: bool


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sandbox until SIGTERM or SIGINT; exit with one line when it cannot start."""
    os.umask(0o077)
    try:
        options = parse(sys.argv[1:] if argv is None else argv, os.environ)
    except Misconfigured as error:
        sys.exit(f"vasistas sandbox: {error}")
    logging.basicConfig(
        level=os.environ.get("VASISTAS_LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if options.is_child:
        parent.when_gone(os.getppid(), lambda: os.kill(os.getpid(), signal.SIGTERM))
    uvicorn.run(
        make_app(options.setup),
        host=options.bind,
        port=options.port,
        access_log=False,  # addresses are personal data
        log_config=None,
        log_level=logging.WARNING,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Read the options; what is not given comes from VASISTAS_… variables, then from defaults.

    Raises: Misconfigured.
    """

    def env(name: str, default: str) -> str:
        return environ.get(f"VASISTAS_{name}") or default  # empty is not set

    parser = argparse.ArgumentParser(prog="vasistas sandbox", description="A payment provider that moves no money.")
    add = parser.add_argument
    add("--bind", default="127.0.0.1", help="address it listens on")
    add("--port", type=int, default=env("SANDBOX_PORT", str(PORT_DEFAULT)), help="TCP port (%(default)s)")
    add("--url", default=environ.get("VASISTAS_SANDBOX_PAYMENTS_URL", ""), help="address browsers find it at")
    add("--site-url", default=env("PUBLIC_URL", "http://localhost:8000"), help="address of the site (%(default)s)")
    add("--hint-url", default="", help="where the site takes webhooks, if not below --site-url")
    add("--data", type=Path, default=Path(env("DATA", "data/site")), help="the site's data folder (%(default)s)")
    add("--child", action="store_true", help="end when the parent process ends")
    options = parser.parse_args(argv)
    if not is_loopback(options.bind) and env("DEMO", "no").lower() not in {"yes", "true", "1"}:
        raise Misconfigured("it moves no money, so it listens on this machine alone. Leave --bind out.")
    site_url = options.site_url.rstrip("/")
    setup = Setup(
        key=_key(options.data, environ),
        url=options.url or f"http://127.0.0.1:{options.port}",
        hint_url=options.hint_url or f"{site_url}/payments/sandbox/hint/",
        file=options.data / FILE,
        merchant=Merchant(env("SITE_NAME", "Vasistas"), site_url),
    )
    return Options(setup, options.bind, options.port, options.child)


def _key(data: Path, environ: Mapping[str, str]) -> bytes:
    if value := environ.get("VASISTAS_SANDBOX_PAYMENTS_KEY"):
        return value.encode()
    path = Path(environ.get("VASISTAS_SANDBOX_PAYMENTS_KEY_FILE") or data / "secrets" / "sandbox_payments_key")
    try:
        key = path.read_text().strip().encode()
    except OSError as error:
        raise Misconfigured(
            f"cannot read the key in {path} ({error.strerror}). The site makes it: start it once, or give its --data."
        ) from None
    if not key:
        raise Misconfigured(f"the key file {path} is empty. Remove it and start the site.")
    return key


if __name__ == "__main__":
    main()
