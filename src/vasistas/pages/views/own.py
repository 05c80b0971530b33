"""Whose request it is: what every page of one's own asks first."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows import reauthentication
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.lib.errors import NotAllowed


def member_of(request: HttpRequest) -> Member:
    """Raises: NotAllowed: nobody is signed in; the login middleware lets nobody else through."""
    if not isinstance(request.user, Member):
        raise NotAllowed(_("Sign in first."))
    return request.user


def subject_id_of(request: HttpRequest) -> int:
    """Raises: NotAllowed: as member_of()."""
    return member_of(request).subject_id


def is_to_confirm(request: HttpRequest) -> bool:
    """Whether the member has to prove once more that it is them, before an act that a stranger must not do."""
    return bool(reauthentication.is_reauthentication_required(request, app="account"))


def send_to_confirm(request: HttpRequest) -> HttpResponse:
    """Send to the page that asks for a password or a second factor; it comes back here with what was posted."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    answer: HttpResponse = reauthentication.suspend_request(request, methods[0]["url"])
    return answer
