"""Ways to reach somebody: asked for, proven, changed, forgotten. Only what was proven is ever written to."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins import letters, rules
from vasistas.apps.bulletins.models import Channel, Contact, Suppression
from vasistas.apps.bulletins.operations.suppressing import REFUSALS, release, suppress
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy import queries as choices
from vasistas.apps.privacy.models import Consent, Subject
from vasistas.guard import keyring, subjects
from vasistas.guard.egress import sms
from vasistas.guard.policy import consents, get_policy, limits
from vasistas.guard.purposes import processing
from vasistas.lib import limits as rates
from vasistas.lib.errors import DomainError, LimitReached

MAILS_PER_DAY = 1  # to one address, from the form anybody can fill in
CODES_PER_DAY = 3  # to one number, and by one person
CODE_DIGITS = 6
FORGET_BATCH_ROWS = 500
DAY_S = 86_400

logger = logging.getLogger(__name__)


class CodeRefused(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """It is another code, an old one, or it was tried too often."""

    status = 422
    code = "bulletins.code_refused"


class NothingChosen(DomainError):  # noqa: N818 — see above
    """Nobody is subscribed to nothing."""

    status = 422
    code = "bulletins.nothing_chosen"


# -- Mail --------------------------------------------------------------------------------------------------------------


@processing("subscriptions")
def ask_by_mail(*, address: str, language: str, at: datetime) -> None:
    """Somebody typed an address: write to it, once a day at most, and to none that objected. What the mail says depends
    on who has the address; the answer on the page does not.

    Raises: AddressRefused: it is no address. OSError: too many mails wait.
    """
    found = rules.normalised(Channel.MAIL, address)
    index = rules.index_of(Channel.MAIL, found)
    if Suppression.objects.filter(channel=Channel.MAIL, index=index, reason__in=REFUSALS).exists():
        return
    try:
        rates.hit("bulletins.asked", index, limit=MAILS_PER_DAY, per_s=DAY_S, now=at.timestamp())
    except LimitReached:
        return
    contact = _known(index, found, at) or _asked(index, found, language, at)
    write = letters.confirmation if contact.confirmed_at is None else letters.manage
    write(contact).send()  # behind the request: how long a mail server takes would tell who is known


def _known(index: str, address: str, at: datetime) -> Contact | None:
    """The contact that was proven, or that of the member whose proven address it is."""
    confirmed = Contact.objects.filter(channel=Channel.MAIL, index=index, confirmed_at__isnull=False).first()
    if confirmed is not None:
        return confirmed
    subject_id = accounts.subject_of_address(address)
    return ensure_of_member(subject_id=subject_id, at=at) if subject_id is not None else None


def _asked(index: str, address: str, language: str, at: datetime) -> Contact:
    waiting = Contact.objects.filter(channel=Channel.MAIL, index=index, confirmed_at=None)
    with transaction.atomic():
        contact = waiting.order_by("-pk").first()
        if contact is not None:
            return contact
        with processing("rights"):
            subject = privacy.create_subject(kind=Subject.Kind.VISITOR, at=at)
        return _write(subject.pk, Channel.MAIL, address, language, asked_at=at)


@processing("subscriptions")
def ensure_of_member(*, subject_id: int, at: datetime) -> Contact | None:
    """The mail contact of a member: their address was proven by a code when they joined; None: they have none."""
    mine = Contact.objects.filter(subject_id=subject_id, channel=Channel.MAIL).first()
    if mine is not None and mine.confirmed_at is not None:
        return mine
    members = Member.objects.only("email", "email_sealed", "row_key", "subject")
    member = members.filter(subject_id=subject_id, emailaddress__verified=True).first()
    if member is None:
        return None
    with transaction.atomic():
        contact = mine or _write(subject_id, Channel.MAIL, str(member.email), settings.LANGUAGE_CODE, asked_at=at)
        _prove(contact, at)
    return contact


@processing("subscriptions")
def confirm(*, token: str, topics: Iterable[str], texts: dict[str, str], language: str, at: datetime) -> Contact | None:
    """Prove an address by the link that was sent to it, and consent to topics; None: nobody waits by this token.

    texts: switch -> hash of the words that were shown. Raises: NothingChosen, ConsentRefused; nothing is written.
    """
    chosen = [one for one in topics if one in rules.TOPICS]
    if not chosen:
        raise NothingChosen(_("Choose at least one topic."))
    with transaction.atomic():
        contact = Contact.objects.filter(token=token, channel=Channel.MAIL).first()
        if contact is None:
            return None
        _prove(contact, at)
        release(places=[(contact.channel, contact.index)], reasons=[Suppression.Reason.BOUNCED])
        said = privacy.Said(at, language, Consent.Source.LINK)
        subject_id = contact.subject_id
        privacy.give_consent(subject_id=subject_id, key=rules.MASTER, text_hash=texts[rules.MASTER], said=said)
        for key in chosen:
            privacy.give_consent(subject_id=subject_id, key=key, channel=Channel.MAIL, text_hash=texts[key], said=said)
    return contact


@processing("subscriptions")
def follow_address(*, subject_id: int, at: datetime) -> None:
    """A member proved another address: bulletins go there from now on, and an objection covers it too."""
    members = Member.objects.only("email", "email_sealed", "row_key", "subject")
    member = members.filter(subject_id=subject_id).first()
    if member is None:
        return
    index = rules.index_of(Channel.MAIL, str(member.email))
    contact = Contact.objects.filter(subject_id=subject_id, channel=Channel.MAIL).first()
    with transaction.atomic():
        if contact is not None:
            contact.address, contact.index = str(member.email), index
            contact.confirmed_at, contact.soft_bounces = at, 0  # what comes back late is of the old address
            _oust(contact)
            contact.save()
        if choices.choices_of(subject_id, at=at).has_objected:
            suppress(channel=Channel.MAIL, index=index, reason=Suppression.Reason.OBJECTED, at=at)


# -- SMS ---------------------------------------------------------------------------------------------------------------


@processing("subscriptions")
def ask_by_sms(*, subject_id: int, number: str, language: str, at: datetime) -> None:
    """Send a code to a number that somebody says is theirs; to one that answered STOP nothing is sent, and the answer
    is the same.

    Raises: AddressRefused, LimitReached, SubjectGone. SmsError: no code was sent.
    """
    found = rules.normalised(Channel.SMS, number)
    index = rules.index_of(Channel.SMS, found)
    for key in (index, f"subject {subject_id}"):
        rates.hit("bulletins.code", key, limit=CODES_PER_DAY, per_s=DAY_S, now=at.timestamp())
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    with transaction.atomic():
        Contact.objects.filter(subject_id=subject_id, channel=Channel.SMS).delete()
        contact = _write(subject_id, Channel.SMS, found, language, asked_at=at)
        contact.code_hash, contact.code_at = _hash(contact, code), at
        contact.save(update_fields=["code_hash", "code_at"])
    if Suppression.objects.filter(channel=Channel.SMS, index=index, reason__in=REFUSALS).exists():
        return
    said = letters.confirmation_sms(contact, code)
    sms.send(to=said.number, text=said.text, key=f"code-{secrets.token_hex(8)}", subject_id=subject_id)


@processing("subscriptions")
def confirm_number(*, subject_id: int, code: str, at: datetime) -> None:
    """Prove the number by the code sent to it. Raises: CodeRefused: an attempt is counted."""
    with transaction.atomic():
        waiting = Contact.objects.select_for_update().filter(subject_id=subject_id, channel=Channel.SMS)
        contact = waiting.filter(confirmed_at=None).first()
        is_open = (
            contact is not None
            and contact.code_at is not None
            and at - contact.code_at <= rules.CODE_KEPT
            and contact.code_attempts < rules.CODE_ATTEMPTS_MAX
        )
        is_right = is_open and contact is not None and hmac.compare_digest(_hash(contact, code), contact.code_hash)
        if contact is not None and is_right:
            _prove(contact, at)
        elif contact is not None and is_open:
            contact.code_attempts += 1
            contact.save(update_fields=["code_attempts"])
    if not is_right:
        raise CodeRefused(_("This code is wrong or old. Type it again, or have another one sent."))


@processing("subscriptions")
def forget_number(*, subject_id: int) -> None:
    """Take somebody's number out; what waits for it goes too."""
    Contact.objects.filter(subject_id=subject_id, channel=Channel.SMS).delete()


# -- Both --------------------------------------------------------------------------------------------------------------


@processing("subscriptions")
def set_pace(*, subject_id: int, pace: str) -> None:
    """How often to be told of rooms one follows. pace: a Contact.Pace; another one changes nothing."""
    if pace in Contact.Pace:
        Contact.objects.filter(subject_id=subject_id).update(pace=pace)


@processing("subscriptions")
def end_of_visitor(*, subject_id: int, at: datetime) -> None:
    """A visitor who objected is nobody's reader any more: their contacts go with those never confirmed."""
    visitors = Contact.objects.filter(subject_id=subject_id, subject__kind=Subject.Kind.VISITOR)
    visitors.update(confirmed_at=None, asked_at=at)


def forget_unconfirmed(at: datetime) -> int:
    """Delete contacts that nobody confirmed in time; a visitor goes with theirs, keys too. Return how many went."""
    before = limits.due_before("unconfirmed_contact", at)
    if before is None:
        return 0
    count = 0
    stale = Contact.objects.filter(asked_at__lte=before, confirmed_at=None).select_related("subject")
    while found := list(stale[:FORGET_BATCH_ROWS]):
        for contact in found:
            _forget(contact)
        count += len(found)
    return count


def _forget(contact: Contact) -> None:
    subject = contact.subject
    others = Contact.objects.filter(subject=subject).exclude(pk=contact.pk)
    if subject.kind != Subject.Kind.VISITOR or others.exists():
        Contact.objects.filter(pk=contact.pk, confirmed_at=None).delete()
        return
    with transaction.atomic():
        if not Contact.objects.select_for_update().filter(pk=contact.pk, confirmed_at=None).exists():
            return  # confirmed at the last moment
        subject.state = Subject.State.ERASING  # records of objections go with an erased subject alone
        subject.save(update_fields=["state"])
        Contact.objects.filter(subject=subject).delete()
        Consent.objects.filter(subject=subject).delete()
        subject.delete()
    keyring.destroy(subject.key_handle)


def texts(language: str) -> dict[str, str]:
    """Switch -> hash of its words as they stand."""
    every = get_policy().consents
    return {key: consents.text_hash(every[key], language) for key in (rules.MASTER, *rules.TOPICS)}


def _write(subject_id: int, channel: str, address: str, language: str, *, asked_at: datetime) -> Contact:
    subjects.hold(subject_id)
    return Contact.objects.create(
        subject_id=subject_id,
        channel=channel,
        index=rules.index_of(channel, address),
        address=address,
        language=language,
        asked_at=asked_at,
    )


def _prove(contact: Contact, at: datetime) -> None:
    _oust(contact)
    contact.asked_at, contact.confirmed_at = None, at
    contact.code_hash, contact.code_at, contact.soft_bounces = "", None, 0
    contact.save()


def _oust(contact: Contact) -> None:
    """Who proves an address has it: whoever had it before has it no more."""
    others = Contact.objects.filter(channel=contact.channel, index=contact.index).exclude(pk=contact.pk)
    for other in others.select_related("subject"):
        if other.subject.kind == Subject.Kind.VISITOR and other.subject_id != contact.subject_id:
            Contact.objects.filter(pk=other.pk).update(confirmed_at=None, asked_at=other.asked_at or other.confirmed_at)
        else:
            other.delete()


def _hash(contact: Contact, code: str) -> str:
    return hmac.new(
        settings.SECRET_KEY.encode(), f"{contact.token}|{code.strip()}".encode(), hashlib.sha256
    ).hexdigest()
