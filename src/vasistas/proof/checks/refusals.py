"""Clause 2: an objection by any way counts at once, in a running campaign too."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils import timezone

from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins import operations
from vasistas.apps.bulletins.models import Campaign, Channel, Send
from vasistas.apps.bulletins.operations import entering, receiving, sending, texting
from vasistas.apps.bulletins.queries import refusals
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy import queries as choices
from vasistas.apps.privacy.models import Consent
from vasistas.apps.privacy.operations import Said
from vasistas.guard.conformance.registry import Finding, NotApplicable, check, counterexample, finding
from vasistas.inbound import parse
from vasistas.pages.views import subscriptions
from vasistas.proof import canary, letters
from vasistas.proof.browser import Browser
from vasistas.proof.canary import Canaries
from vasistas.proof.letters import Reader

Source = Consent.Source
LIMIT = timedelta(seconds=60)  # from an objection to the last message


@dataclass(frozen=True)
class Way:
    """One way to refuse. act: what somebody does. spoil: what a fault in it would be like."""

    key: str
    source: str
    act: Callable[[Reader, Canaries, datetime], None]
    spoil: Callable[[], None]
    en: str
    fr: str
    channel: str = Channel.MAIL


def _in_account(reader: Reader, _canaries: Canaries, _now: datetime) -> None:
    browser = canary.browser_of(reader.member)
    browser.get(reverse("pages:my_consents"))
    browser.post(reverse("pages:my_consents"), {"act": "object"})


def _stop_of(reader: Reader) -> str:
    return reverse("pages:stop_bulletins", args=[reader.mail.token])


def _by_page(reader: Reader, _canaries: Canaries, _now: datetime) -> None:
    Browser().post(_stop_of(reader), {})


def _by_program(reader: Reader, _canaries: Canaries, _now: datetime) -> None:
    Browser().ask("POST", _stop_of(reader), {"List-Unsubscribe": "One-Click"})


def _mail(reader: Reader, to: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = str(reader.member.email), to, "Re: News"
    mail.set_content("unsubscribe\n\n> Hello.")
    return mail.as_bytes()


def _by_answer(reader: Reader, _canaries: Canaries, now: datetime) -> None:
    if not settings.MAIL_IN_DOMAIN:
        raise NotApplicable("No mail reaches this site itself: VASISTAS_MAIL_IN_DOMAIN is not set.")
    _take(reader, f"reply+{reader.mail.token}@{settings.MAIL_IN_DOMAIN}", now)


def _to_privacy(reader: Reader, _canaries: Canaries, now: datetime) -> None:
    _take(reader, settings.OPERATOR.mail, now)


def _take(reader: Reader, to: str, now: datetime) -> None:
    with canary.arranging():
        raw = _mail(reader, to)
    receiving.take(parse(raw, to=to), at=now)


def _by_sms(_reader: Reader, _canaries: Canaries, now: datetime) -> None:
    texting.take(sender=letters.NUMBER, text="STOP", at=now)


def _by_signal(reader: Reader, _canaries: Canaries, _now: datetime) -> None:
    canary.browser_of(reader.member).get(reverse("pages:home"), {"Sec-GPC": "1"})


def _by_staff(reader: Reader, canaries: Canaries, now: datetime) -> None:
    with canary.arranging():
        address = str(reader.member.email)
    browser, page = canary.browser_of(canaries.sam), reverse("pages:staff_refusals")
    browser.get(page)
    browser.post(page, {"address": address, "came_by": "telephone", "received": timezone.localdate(now).isoformat()})


def _nothing(*_asked: Any, **_named: Any) -> None:
    """What a fault does."""


def _spoil_account() -> None:
    vars(privacy)["object_to_marketing"] = _nothing  # planted, as all of these


def _spoil_page() -> None:
    vars(operations)["refuse_token"] = _nothing


def _spoil_program() -> None:
    """Asking a mail program for the token of a form, which it cannot have."""
    vars(resolve(reverse("pages:stop_bulletins", args=["t"])).func)["csrf_exempt"] = False


def _spoil_mail() -> None:
    vars(receiving)["_refuse"] = _nothing


def _spoil_sms() -> None:
    vars(texting)["refuse_address"] = _nothing


def _spoil_signal() -> None:
    """Taking each signal for one that was answered."""
    vars(choices)["has_overruled_gpc"] = lambda *_asked, **_named: True


def _spoil_staff() -> None:
    vars(entering)["refuse_address"] = _nothing


WAYS = (
    Way("in_the_account", Source.ACCOUNT, _in_account, _spoil_account, "in My Account", "dans My Account"),
    Way("by_the_link", Source.LINK, _by_page, _spoil_page, "by the link of a letter", "par le lien d’une lettre"),
    Way(
        "by_one_click",
        Source.LINK,
        _by_program,
        _spoil_program,
        "by one click in a mail program, as RFC 8058 has it",
        "d’un clic dans le logiciel de messagerie, selon la RFC 8058",
    ),
    Way("by_answering", Source.MAIL, _by_answer, _spoil_mail, "by answering a letter", "en répondant à une lettre"),
    Way(
        "by_mail",
        Source.MAIL,
        _to_privacy,
        _spoil_mail,
        "by mail to the privacy address",
        "par e-mail à l’adresse de confidentialité",
    ),
    Way("by_sms", Source.SMS, _by_sms, _spoil_sms, "by answering STOP", "en répondant STOP", Channel.SMS),
    Way(
        "by_the_browser",
        Source.GPC,
        _by_signal,
        _spoil_signal,
        "by the signal of a browser (Global Privacy Control)",
        "par le signal du navigateur (Global Privacy Control)",
    ),
    Way("told_to_staff", Source.STAFF, _by_staff, _spoil_staff, "by telling staff", "en le disant à l’équipe"),
)


def _look(way: Way) -> Callable[[datetime], Finding]:
    def look(now: datetime) -> Finding:
        with canary.stage(now) as canaries:
            reader = letters.subscribe(canaries.vi, now)
            way.act(reader, canaries, now)
            wrong = reader.faults(way.source, channel=way.channel)
        return finding(1, wrong)

    return look


def _plant(way: Way) -> Callable[[datetime], None]:
    def plant(_now: datetime) -> None:
        way.spoil()

    return plant


for _way in WAYS:
    check(
        f"refusals.{_way.key}",
        kind="canary",
        words={
            "en": f"A member objects {_way.en}: it is on record, the address is suppressed and the letter that waited "
            "is cancelled, all in one step.",
            "fr": f"Un membre s’oppose {_way.fr} : c’est consigné, l’adresse est écartée et la lettre en attente est "
            "annulée, en une seule étape.",
        },
    )(_look(_way))
    counterexample(f"refusals.{_way.key}")(_plant(_way))


@check(
    "refusals.looking_changes_nothing",
    kind="canary",
    words={
        "en": "The pages behind the links of a letter are opened, as scanners of mails do: nothing changes by it.",
        "fr": "Les pages derrière les liens d’une lettre sont ouvertes, comme le font les analyseurs d’e-mails : rien "
        "ne change.",
    },
)
def looking_changes_nothing(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        reader = letters.subscribe(canaries.vi, now)
        token, pages = reader.mail.token, ("stop_bulletins", "preferences", "confirm_subscription")
        answers = [Browser().get(reverse(f"pages:{name}", args=[token])) for name in pages]
        unknown = Browser().ask("POST", reverse("pages:stop_bulletins", args=["n" * len(token)]), {})
        with canary.arranging():
            waits = Send.objects.filter(pk=reader.waiting.pk, state=Send.State.QUEUED).exists()
            chosen = choices.choices_of(canaries.vi.subject_id, at=timezone.now())
    wrong = [name for name, answer in zip(pages, answers, strict=True) if answer.status_code >= HTTPStatus.BAD_REQUEST]
    wrong += [] if unknown.status_code == HTTPStatus.OK else ["an unknown link is told from a known one"]
    wrong += [] if waits and not chosen.has_objected else ["looking refused"]
    return finding(len(answers) + 1, wrong)


@counterexample("refusals.looking_changes_nothing")
def refuse_by_looking(now: datetime) -> None:
    def draw(request: HttpRequest, name: str, context: dict[str, Any], status: int) -> HttpResponse:
        if name.endswith("/stop.html"):
            operations.refuse_token(token=context["token"], source=Source.LINK, at=now)
        return render(request, name, context, status=status)

    vars(subscriptions)["render"] = draw


@check(
    "refusals.stop_a_running_campaign",
    kind="canary",
    words={
        "en": "Three members wait in a batch that is being sent; one objects: nothing more is handed over to that one, "
        "and the others get theirs.",
        "fr": "Trois membres attendent dans un lot en cours d’envoi ; l’un s’oppose : plus rien ne lui est remis, et "
        "les autres reçoivent leur lettre.",
    },
)
def stop_a_running_campaign(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        members = canaries.ada, canaries.mira, canaries.vi
        with canary.arranging():
            for member in members:
                letters.consent(member, now)
            running = letters.campaign(now, state=Campaign.State.SENDING, started_at=now)
            places = {member.subject_id: operations.ensure_of_member(subject_id=member.subject_id, at=now)
                      for member in members}  # fmt: skip
            for contact in places.values():
                if contact is not None:
                    letters.queue(running, contact, now)
        lease = sending.take_lease(running.pk, now)
        objector = canaries.vi.subject_id
        privacy.object_to_marketing(subject_id=objector, said=Said(now, source=Source.ACCOUNT))
        leased = lease.messages if lease else ()
        went = {one.contact.subject_id: sending.claim(one.send_id, lease, now) for one in leased} if lease else {}
        again = sending.take_lease(running.pk, now)
    wrong = ["not in the batch"] if len(went) != len(members) else []
    wrong += ["handed over after the objection"] if went.get(objector) else []
    wrong += ["others were stopped"] if not all(went.get(one.subject_id) for one in members[:2]) else []
    wrong += ["leased again"] if again is not None and again.messages else []
    return finding(len(members), wrong)


@counterexample("refusals.stop_a_running_campaign")
def send_what_was_leased(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    sending.claim = lambda *_asked: True


@check(
    "refusals.in_time",
    kind="live",
    words={
        "en": "No message was handed over more than 60 seconds after its reader objected; the longest "
        "time is measured.",
        "fr": "Aucun message n’a été remis plus de 60 secondes après l’opposition de son destinataire ; le délai "
        "le plus long est mesuré.",
    },
)
def in_time(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    worst_s = refusals.worst_delay()
    if worst_s is None:
        return Finding(ok=True, detail="No message was on its way when somebody objected.")
    late = worst_s > LIMIT.total_seconds()
    return Finding(not late, 1, int(late), f"At worst {worst_s:.1f} s from an objection to the last message.")


@counterexample("refusals.in_time")
def hand_over_late(now: datetime) -> None:
    member = _somebody()
    letters.consent(member, now - timedelta(hours=2))
    contact = operations.ensure_of_member(subject_id=member.subject_id, at=now)
    if contact is not None:
        objected_at = now - timedelta(hours=1)
        privacy.object_to_marketing(subject_id=member.subject_id, said=Said(objected_at))
        handed = {"state": Send.State.HANDED, "handed_at": objected_at + timedelta(minutes=3)}
        letters.queue(letters.campaign(objected_at), contact, objected_at - timedelta(minutes=5), **handed)


def _somebody() -> Member:
    """One of the scratch site's cast."""
    return Member.objects.filter(emailaddress__verified=True).latest("pk")
