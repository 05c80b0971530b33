"""Bulletins without an account: subscribe, confirm, choose, stop. A link that was mailed is the only key to them."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from vasistas import sms
from vasistas.apps.bulletins import operations, queries, rules
from vasistas.apps.bulletins.models import Contact
from vasistas.apps.bulletins.rules import AddressRefused
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy import queries as choices
from vasistas.apps.privacy.models import Consent, Subject
from vasistas.guard.access import public
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.lib import limits
from vasistas.lib.errors import DomainError, NotFound
from vasistas.pages import consent_page, my_data

ASKED_MAX, ASKED_PER_S = 10, 3600  # of one network address
STOPPED_MAX, STOPPED_PER_S = 600, 60  # of one network address: mail providers stop for many
CODES_MAX, CODES_PER_S = 5, 3600  # SMS that one network address may ask for: each costs money
REASON = "whoever has the link reads the mails of the address it was sent to"


@public("bulletins need no account")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("subscriptions")
def subscribe(request: HttpRequest) -> HttpResponse:
    """Take an address, and answer the same whether it is known or not."""
    fault = ""
    if request.method == "POST":
        limits.hit("bulletins.form", _network(request), limit=ASKED_MAX, per_s=ASKED_PER_S, now=_now_s())
        try:
            operations.ask_by_mail(
                address=request.POST.get("email", ""), language=my_data.language(), at=timezone.now()
            )
        except AddressRefused as error:
            fault = error.message
        except OSError:
            pass  # said the same, whoever has the address
    context = {"is_sent": request.method == "POST" and not fault, "fault": fault}
    return _shown(request, "subscribe", context, HTTPStatus.BAD_REQUEST if fault else HTTPStatus.OK)


@public(REASON)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("subscriptions")
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show what confirming means; the button does it. Opening the link does nothing: scanners of mails open links."""
    contact = queries.get_contact(token)
    if contact.confirmed_at is not None:
        return redirect("pages:preferences", token)
    language, fault = my_data.language(), ""
    if request.method == "POST":
        shown = {key: request.POST.get(f"text-{key}", "") for key in operations.texts(language)}
        try:
            operations.confirm(
                token=token,
                topics=request.POST.getlist("topic"),
                texts=shown,
                language=language,
                at=timezone.now(),
            )
        except DomainError as error:
            fault = error.message
        else:
            messages.success(request, _("Confirmed. This is what you get; change it here whenever you like."))
            return redirect("pages:preferences", token)
    context = {"token": token, "fault": fault, "texts": operations.texts(language), "policy": get_policy()}
    context["topics"] = [words for words in get_policy().consents.values() if words.under == "bulletins"]
    return _shown(request, "confirm", context, HTTPStatus.BAD_REQUEST if fault else HTTPStatus.OK)


@public(REASON)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("subscriptions")
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """What somebody gets, by which way, how often; all of it can be changed and deleted here."""
    contact = queries.get_contact(token)
    if request.method == "POST":
        return _chosen(request, contact)
    language, policy = my_data.language(), get_policy()
    chosen = choices.choices_of(contact.subject_id, at=timezone.now())
    asked = policy, chosen, language
    context = {
        "token": token,
        "policy": policy,
        "choices": chosen,
        "above": [one for one in consent_page.switches(*asked) if one.words.key == "bulletins"],
        "topics": consent_page.topics(*asked),
        "channels": list(consent_page.CHANNELS.values()),
        "is_by_link": True,
        "is_visitor": contact.subject.kind == Subject.Kind.VISITOR,
        **reach(contact.subject_id),
    }
    context["may_text"] = context["may_text"] and context["is_visitor"]
    return _shown(request, "preferences", context, HTTPStatus.OK)


@public(REASON)
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("subscriptions")
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """One click ends everything (RFC 8058); looking ends nothing. Unknown tokens are answered alike."""
    if request.method == "POST":
        limits.hit("bulletins.stop", _network(request), limit=STOPPED_MAX, per_s=STOPPED_PER_S, now=_now_s())
        operations.refuse_token(token=token, source=Consent.Source.LINK, at=timezone.now())
    context = {"token": token, "is_stopped": request.method == "POST"}
    return _shown(request, "stop", context, HTTPStatus.OK)


def reach(subject_id: int) -> dict[str, Any]:
    """What pages show of a person's contacts. The purpose in force must allow addresses."""
    found = queries.contacts_of(subject_id)
    return {
        "mail": found.get("mail"),
        "phone": found.get("sms"),
        "may_text": sms.is_on(),
        "paces": Contact.Pace.choices,
    }


def change_reach(request: HttpRequest, subject_id: int) -> str:
    """Do what a form about contacts asks for, and say so.

    Raises: NotFound: it asks for nothing there is. AddressRefused, CodeRefused, LimitReached, SmsError, SubjectGone.
    """
    act, asked, at = request.POST.get("act", ""), request.POST, timezone.now()
    if act == "pace":
        operations.set_pace(subject_id=subject_id, pace=asked.get("pace", ""))
        return _("Changed.")
    if act == "phone" and sms.is_on():
        limits.hit("bulletins.phone", _network(request), limit=CODES_MAX, per_s=CODES_PER_S, now=_now_s())
        operations.ask_by_sms(subject_id=subject_id, number=asked.get("number", ""), language=my_data.language(), at=at)
        return _("A code is on its way to this number, if it takes messages from us. Type it below within 10 minutes.")
    if act == "code":
        operations.confirm_number(subject_id=subject_id, code=asked.get("code", ""), at=at)
        return _("The number is confirmed.")
    if act == "forget_phone":
        operations.forget_number(subject_id=subject_id)
        return _("The number is deleted.")
    raise NotFound(_("There is no such choice."))


PROVING = ("phone", "code")
REACH = ("pace", "phone", "code", "forget_phone")  # acts of change_reach


def _chosen(request: HttpRequest, contact: Contact) -> HttpResponse:
    act, subject_id = request.POST.get("act", ""), contact.subject_id
    if act == "erase" and contact.subject.kind == Subject.Kind.VISITOR:
        certificate = privacy.ask_erasure(subject_id=subject_id, at=timezone.now())
        privacy.finish(subject_id=subject_id, at=timezone.now())
        return redirect(reverse("pages:certificate", args=[certificate]))
    try:
        if act in PROVING and contact.subject.kind != Subject.Kind.VISITOR:
            raise NotFound(_("Add a number in My Account."))  # who was forwarded a letter must not add their own
        if act == "give" and not _is_of(contact, request.POST):
            raise NotFound(_("There is no such choice."))
        if act in REACH:
            said = change_reach(request, subject_id)
        else:
            said = consent_page.choose(request, subject_id, my_data.language(), Consent.Source.LINK)
        messages.success(request, said)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("pages:preferences", contact.token)


def _is_of(contact: Contact, asked: QueryDict) -> bool:
    """Whether a link may switch this on: bulletins alone, and by ways its person has proven."""
    proven = {one.channel for one in queries.contacts_of(contact.subject_id).values() if one.confirmed_at}
    key, channel = asked.get("key", ""), asked.get("channel", "")
    return (key == rules.MASTER and not channel) or (key in rules.TOPICS and channel in proven)


def _network(request: HttpRequest) -> str:
    return limits.network_of(str(request.META.get("REMOTE_ADDR", "")))


def _now_s() -> float:
    return timezone.now().timestamp()


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int) -> HttpResponse:
    context |= {"lang": my_data.language(), "sender": settings.SENDER_NAME}
    return render(request, f"pages/bulletins/{name}.html", context, status=status)
