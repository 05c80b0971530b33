"""Mails about requests: to their person, and to the operator whose clock runs. Best effort, after the commit."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import queries as privacy
from vasistas.apps.privacy.events import RequestDue, RequestMoved
from vasistas.apps.privacy.models import RequestStep, RightsRequest
from vasistas.guard.purposes import processing

SAYS_ALL = {RequestStep.Kind.ANSWERED, RequestStep.Kind.REFUSED}  # these carry what was written


def write_of_request(moved: RequestMoved) -> None:
    """Tell the person of a step, at the proven address of their account or at the one they wrote from."""
    with processing("requests", reason=f"mail about request {moved.request_id}"):
        request = privacy.get_request(moved.request_id)
        address = _address_of(request)
        if not address:
            return
        step = request.steps.filter(kind=moved.step).latest("pk")
        context = {
            "request": request,
            "step": step,
            "text": request.answer if moved.step in SAYS_ALL else step.note,
            "page": "" if request.address else f"{settings.PUBLIC_URL}{reverse('pages:request', args=[request.pk])}",
        }
        _send(_("Your request %(number)d") % {"number": request.pk}, "accounts/mail/request.txt", context, address)


def warn_operator(due: RequestDue) -> None:
    """Tell the operator's address, which answers for data protection, that a day is near or over. Names nobody."""
    page = f"{settings.PUBLIC_URL}{reverse('pages:staff_request', args=[due.request_id])}"
    context = {"number": due.request_id, "days_left": due.days_left, "page": page}
    with processing("requests", reason=f"the clock of request {due.request_id}"):
        words = _("Request %(number)d is overdue") if due.days_left < 0 else _("Request %(number)d is due soon")
        _send(words % {"number": due.request_id}, "accounts/mail/request_due.txt", context, settings.OPERATOR.mail)


def _address_of(request: RightsRequest) -> str:
    if request.address:
        return str(request.address)
    members = Member.objects.only("email", "email_sealed", "row_key", "subject")
    member = members.filter(subject_id=request.subject_id, emailaddress__verified=True).first()
    return str(member.email) if member is not None else ""


def _send(subject: str, template: str, context: dict[str, object], address: str) -> None:
    site = {"site_name": settings.SITE_NAME, "operator": settings.OPERATOR, "public_url": settings.PUBLIC_URL}
    EmailMessage(subject, render_to_string(template, {**site, **context}).strip(), to=[address]).send()
