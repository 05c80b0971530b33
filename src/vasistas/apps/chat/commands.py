"""`/commands` typed into the message box, read into what they ask for. Whether the person may is decided elsewhere."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from vasistas.lib.errors import DomainError

SLOW_MODE_S_MAX = 600
MUTE_MINUTES_DEFAULT = 10
MUTE_MINUTES_MAX = 7 * 24 * 60


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Help:
    pass


@dataclass(frozen=True)
class Slow:
    seconds: int


@dataclass(frozen=True)
class Mute:
    name: str
    minutes: int


@dataclass(frozen=True)
class Unmute:
    name: str


@dataclass(frozen=True)
class Clear:
    name: str


type Asked = Say | Help | Slow | Mute | Unmute | Clear


class CommandNotUnderstood(DomainError):  # noqa: N818 — see lib.errors
    """A command nobody knows, or one without what it needs; the message says how to write it."""

    status = 422
    code = "chat.command_not_understood"


def help_words(*, has_desk: bool) -> str:
    """The commands someone may use, in one line."""
    everyone = _("/help shows this. //word starts a message with a slash. @name calls someone, :smile: is 😄.")
    desk = _("/slow 10 · /slow off · /mute name 10 · /unmute name · /clear name")
    return f"{desk} · {everyone}" if has_desk else everyone


_COMMAND = re.compile(r"/([a-z]+)(?:\s+(.*))?", re.DOTALL)
_NAME_AND_MINUTES = re.compile(r"(.*?\S)(?:\s+([0-9]{1,5})\s*(m|min|h)?)?")


def parse(text: str) -> Asked:
    """Read what a person typed. `//x` says "/x"; a slash that starts no word is said as it stands.

    Raises: CommandNotUnderstood.
    """
    words = text.strip()
    if words.startswith("//"):
        return Say(words[1:])
    found = _COMMAND.fullmatch(words)
    if found is None:
        return Say(words)
    command, rest = found[1], (found[2] or "").strip()
    if command not in _READERS:
        raise CommandNotUnderstood(
            _("There is no command /%(command)s. Type /help for the list.") % {"command": command[:20]}
        )
    return _READERS[command](rest)


def _seconds(rest: str) -> int:
    if rest == "off":
        return 0
    seconds = int(rest) if re.fullmatch(r"[0-9]{1,4}", rest, re.ASCII) else -1
    if not 0 <= seconds <= SLOW_MODE_S_MAX:
        raise CommandNotUnderstood(
            _("Write /slow and the seconds between two messages, 0 to %(max)d, or /slow off.")
            % {"max": SLOW_MODE_S_MAX}
        )
    return seconds


def _mute(rest: str) -> Mute:
    found = _NAME_AND_MINUTES.fullmatch(rest)
    if found is None:
        raise CommandNotUnderstood(_("Write /mute and a name, and the minutes if you like: /mute Max 10."))
    minutes = int(found[2]) * (60 if found[3] == "h" else 1) if found[2] else MUTE_MINUTES_DEFAULT
    if not 1 <= minutes <= MUTE_MINUTES_MAX:
        raise CommandNotUnderstood(_("A mute lasts 1 to %(max)d minutes.") % {"max": MUTE_MINUTES_MAX})
    return Mute(_name(found[1], "/mute"), minutes)


def _name(rest: str, command: str) -> str:
    name = rest.removeprefix("@").strip().strip('"').strip()
    if not name:
        raise CommandNotUnderstood(_("Write %(command)s and a name.") % {"command": command})
    return name


_READERS: Mapping[str, Callable[[str], Asked]] = {
    "help": lambda _rest: Help(),
    "slow": lambda rest: Slow(_seconds(rest)),
    "mute": _mute,
    "unmute": lambda rest: Unmute(_name(rest, "/unmute")),
    "clear": lambda rest: Clear(_name(rest, "/clear")),
}
