"""What the pages of consents and messages show, and what a form on them asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas.apps.privacy import operations, queries
from vasistas.apps.privacy.models import OBJECTION, Consent
from vasistas.apps.privacy.operations import ConsentRefused, Said
from vasistas.apps.privacy.queries import Choices, State
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.policy.model import Channel, Policy
from vasistas.guard.policy.model import Consent as Words
from vasistas.lib.errors import NotFound

CHANNELS = {
    Channel.MAIL: gettext_lazy("Mail"),
    Channel.SMS: gettext_lazy("SMS"),
}
DONE = {
    "give": gettext_lazy("Switched on."),
    "withdraw": gettext_lazy("Switched off."),
    "object": gettext_lazy("Your objection stands from now on."),
    "lift": gettext_lazy("The objection is taken back. Everything it stopped stays off until you switch it on."),
}


@dataclass(frozen=True)
class Switch:
    """One switch, for one channel where it has them. text_hash: of the words on the page. record: the latest choice."""

    words: Words
    channel: str
    state: State
    text_hash: str
    record: Consent | None

    @property
    def channel_title(self) -> Any:
        return CHANNELS[Channel(self.channel)] if self.channel else ""

    @property
    def anchor(self) -> str:
        return f"{self.words.key}-{self.channel}" if self.channel else self.words.key


@dataclass(frozen=True)
class Record:
    """A line of the history. words: of the switch, None where the policy has it no more. channel, act, source: said."""

    row: Consent
    words: Words | None
    channel: Any
    is_objection: bool


def switches(policy: Policy, choices: Choices, language: str) -> list[Switch]:
    """The switches that stand for themselves."""
    return [one for words in policy.consents.values() if not words.under for one in _each(words, choices, language)]


def topics(policy: Policy, choices: Choices, language: str) -> list[tuple[Words, list[Switch]]]:
    """Topics of bulletins, each with a switch for each channel."""
    under = [words for words in policy.consents.values() if words.under]
    return [(words, list(_each(words, choices, language))) for words in under]


def _each(words: Words, choices: Choices, language: str) -> Iterator[Switch]:
    digest = consents.text_hash(words, language)
    for channel in words.channels or ("",):
        state = choices.state(get_policy(), words.key, channel)
        yield Switch(words, channel, state, digest, choices.latest.get((words.key, channel)))


def history(subject_id: int, number: str | None) -> Any:
    """The member's records, newest first, in pages."""
    policy = get_policy()
    page: Any = queries.consent_records(subject_id, number)
    page.object_list = [
        Record(row, policy.consents.get(row.key), _channel(row.channel), row.key == OBJECTION)
        for row in page.object_list
    ]
    return page


def _channel(name: str) -> Any:
    return CHANNELS[Channel(name)] if name in set(Channel) else name


def has_gpc(request: HttpRequest) -> bool:
    """Whether the browser sends Global Privacy Control. Source: W3C, https://www.w3.org/TR/gpc/."""
    return request.headers.get("Sec-GPC") == "1"


def choose(
    request: HttpRequest, subject_id: int, language: str, source: Consent.Source = Consent.Source.ACCOUNT
) -> str:
    """Do what a form asks for, and return a sentence that says so.

    Raises: NotFound: the form names nothing there is. ConsentRefused, LimitReached, SubjectGone.
    """
    act, asked = request.POST.get("act", ""), request.POST
    said = Said(timezone.now(), language, source)
    named: dict[str, Any] = {"key": asked.get("key", ""), "channel": asked.get("channel", "")}
    if act == "give":
        operations.give_consent(subject_id=subject_id, text_hash=asked.get("text", ""), said=said, **named)
    elif act == "withdraw":
        operations.withdraw_consent(subject_id=subject_id, said=said, **named)
    elif act == "object":
        operations.object_to_marketing(subject_id=subject_id, said=said)
    elif act == "lift":
        if has_gpc(request):
            raise ConsentRefused(_("Your browser objects for you (Global Privacy Control). Switch it off there first."))
        operations.lift_objection(subject_id=subject_id, said=said)
    else:
        raise NotFound(_("There is no such choice."))
    return str(DONE[act])
