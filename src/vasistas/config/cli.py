"""The product's command: reads options, hands them to the settings by the environment, calls one function."""

import argparse
import os
import sys
from pathlib import Path

from vasistas.config.commands import audit, backup, drill, keys, policy, prove, receipt, retention, suppressions
from vasistas.config.failure import CommandFailed
from vasistas.lib.loopback import is_loopback

PORT_DEFAULT = 8000
PYTHON_OLDEST = (3, 12)


def main(argv: list[str] | None = None) -> None:
    """Run `vasistas …`; exit code 0 done, 1 refused with one line on stderr, 2 wrong use."""
    argv = sys.argv[1:] if argv is None else argv
    if sys.version_info < PYTHON_OLDEST:
        sys.exit("Vasistas needs Python 3.12 or newer. Install one and make the virtual environment again.")
    os.umask(0o077)  # what is written is this account's alone: the database, pictures, logs
    if argv[:1] == ["manage"]:
        return _manage(argv[1:])
    options = _parser().parse_args(argv)
    try:
        options.run(options)
    except (CommandFailed, _misconfigured()) as failure:
        sys.exit(f"vasistas: {failure}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vasistas", description="Live rooms whose privacy policy is executable.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(run=run)
        return sub

    for name, run, summary, data in (
        ("demo", _demo, "Start the site with a demo scene and a host that is live at once.", "data/demo"),
        ("serve", _serve, "Start the site: web, media node and worker in one command.", "data/site"),
        ("web", _web, "Start the site without a media node (VASISTAS_MEDIA_NODE_URL names one).", "data/site"),
    ):
        sub = command(name, run, summary)
        _site_options(sub, data)
        if name == "demo":
            sub.add_argument(
                "--hosts", type=int, choices=range(3), default=2, help="synthetic hosts on air (%(default)s)"
            )
    media = command("media", _media, "Start a media node alone; see vasistas media -- --help.")
    media.add_argument("rest", nargs=argparse.REMAINDER, help="options of the node")
    sandbox = command("sandbox", _sandbox, "Start the sandbox for payments alone; see vasistas sandbox -- --help.")
    sandbox.add_argument("rest", nargs=argparse.REMAINDER, help="options of the sandbox")
    for module in (policy, keys, audit, prove, retention, backup, drill, receipt, suppressions):
        module.add(command)
    command("manage", _manage, "Run one of Django's commands (migrate, createsuperuser, shell …).")
    return parser


def _site_options(sub: argparse.ArgumentParser, data: str) -> None:
    def default(name: str, fallback: str) -> str:
        return os.environ.get(f"VASISTAS_{name}", fallback)

    port = default("PORT", str(PORT_DEFAULT))
    sub.add_argument("--port", type=_port, default=port, help="TCP port of the site (VASISTAS_PORT, %(default)s)")
    sub.add_argument(
        "--media-port",
        type=_port,
        default=os.environ.get("VASISTAS_MEDIA_PORT"),
        help="UDP port of the media node (VASISTAS_MEDIA_PORT, the site's port + 2)",
    )
    sub.add_argument(
        "--data", type=Path, default=default("DATA", data), help="folder of all that is written (%(default)s)"
    )
    sub.add_argument("--bind", default=default("BIND", "127.0.0.1"), help="address the site listens on (%(default)s)")


def _port(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 65_535:  # noqa: PLR2004 — the range of ports
        raise argparse.ArgumentTypeError(f"{value!r} is no port; give a whole number from 1 to 65535.")
    return int(value)


def _configure(options: argparse.Namespace, *, demo: bool = False) -> None:
    """Give the options to the settings; must run before Django is loaded."""
    port = int(options.port)
    os.environ["VASISTAS_PORT"] = str(port)
    os.environ["VASISTAS_DATA"] = str(Path(options.data).resolve())
    os.environ.setdefault("VASISTAS_MEDIA_CONTROL_PORT", str(port + 1))
    os.environ["VASISTAS_MEDIA_PORT"] = str(options.media_port or port + 2)
    os.environ.setdefault("VASISTAS_SANDBOX_PORT", str(port + 3))
    os.environ["VASISTAS_BIND"] = options.bind
    os.environ["VASISTAS_DEMO"] = "yes" if demo else os.environ.get("VASISTAS_DEMO", "no")
    is_demo = os.environ["VASISTAS_DEMO"].lower() in {"yes", "true", "1"}
    if is_demo and not is_loopback(options.bind):
        raise CommandFailed(
            "The demo shows every mail, and with it every account, to whoever asks; it listens on this machine alone. "
            "Leave --bind and VASISTAS_BIND out, or use `vasistas serve` without VASISTAS_DEMO."
        )
    if is_demo:
        os.environ.setdefault("VASISTAS_MAIL_SINK_PORT", str(port + 4))
        os.environ.setdefault("VASISTAS_MAIL_IN_DOMAIN", "in.demo.example")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")


def _demo(options: argparse.Namespace) -> None:
    _configure(options, demo=True)
    from vasistas.config import serve  # noqa: PLC0415 — Django loads only when a command needs it

    serve.run(bind=options.bind, with_media=True, demo_hosts=options.hosts)


def _serve(options: argparse.Namespace) -> None:
    _configure(options)
    from vasistas.config import serve  # noqa: PLC0415 — see _demo

    serve.run(bind=options.bind, with_media=True)


def _web(options: argparse.Namespace) -> None:
    _configure(options)
    from vasistas.config import serve  # noqa: PLC0415 — see _demo

    serve.run(bind=options.bind, with_media=False)


def _media(options: argparse.Namespace) -> None:
    from vasistas.media.sfu import main as node  # noqa: PLC0415 — a node alone loads no Django

    node.main([word for word in options.rest if word != "--"])


def _sandbox(options: argparse.Namespace) -> None:
    from vasistas.payments.sandbox.provider import main as provider  # noqa: PLC0415 — it loads no Django

    provider.main([word for word in options.rest if word != "--"])


def _manage(argv: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 — see _demo

    execute_from_command_line(["vasistas manage", *argv])


def _misconfigured() -> type[Exception]:
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 — see _demo

    return ImproperlyConfigured
