"""Studios: found one, invite hosts by a one-time link, join, leave."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from vasistas.apps.accounts.models import Member
from vasistas.apps.providers import forms, operations, queries, rules
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError, NotAllowed, NotFound


@require_http_methods(["GET", "POST"])
@processing("provide")
def studios(request: HttpRequest) -> HttpResponse:
    """The studios that someone owns, the one they work for, and a form for a new one."""
    member = _member(request)
    form = forms.StudioForm(request.POST or None)
    if form.is_valid():
        try:
            studio = operations.create_studio(owner=member, at=timezone.now(), **form.cleaned_data)
            return redirect("providers:studio", studio.slug)
        except DomainError as error:
            form.add_error("slug" if "slug" in error.fields else None, error.message)
    context = {"form": form, "studios": queries.studios_of(member), "host": queries.host_of(member)}
    return render(request, "providers/studios.html", context, status=422 if form.errors else 200)


@processing("provide")
def studio(request: HttpRequest, slug: str) -> HttpResponse:
    """The owner's page: who works here."""
    return _show_studio(request, slug)


@require_POST
@never_cache
@processing("provide")
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a link, and show it this once."""
    studio = queries.get_studio_for(owner=_member(request), slug=slug)
    token = operations.invite_host(studio=studio, at=timezone.now())
    return _show_studio(request, slug, f"{settings.PUBLIC_URL}{reverse('providers:invitation', args=[token])}")


@require_POST
@processing("provide")
def release(request: HttpRequest, slug: str) -> HttpResponse:
    studio = queries.get_studio_for(owner=_member(request), slug=slug)
    form = forms.ReleaseForm(request.POST)
    if not form.is_valid():
        raise NotFound(_("There is no such host."), code="providers.no_host")
    operations.release_host(studio=studio, host_id=form.cleaned_data["host"])
    return redirect("providers:studio", slug)


@require_http_methods(["GET", "POST"])
@never_cache
@processing("provide")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What the link opens: the studio's name, and a button to join."""
    found = queries.get_invitation(token=token, at=timezone.now())
    host = queries.host_of(_member(request))
    if request.method == "GET" or host is None:
        return render(request, "providers/invitation.html", {"studio": found.studio, "host": host})
    joined = operations.accept_invitation(host=host, token=token, at=timezone.now())
    messages.success(request, _("You are now a host of %(studio)s.") % {"studio": joined.name})
    return redirect("providers:studios")


@require_POST
@processing("provide")
def leave(request: HttpRequest) -> HttpResponse:
    host = queries.host_of(_member(request))
    if host is None:
        raise NotAllowed(_("You are not a host."), code="providers.not_a_host")
    operations.leave_studio(host=host)
    return redirect("providers:studios")


def _show_studio(request: HttpRequest, slug: str, link: str = "") -> HttpResponse:
    studio = queries.get_studio_for(owner=_member(request), slug=slug)
    context = {
        "studio": studio,
        "hosts": queries.hosts_of(studio),
        "link": link,
        "days": rules.INVITATION_TTL.days,
        "open_invitations": queries.open_invitations(studio, timezone.now()),
    }
    return render(request, "providers/studio.html", context)


def _member(request: HttpRequest) -> Member:
    if not isinstance(request.user, Member):  # the login wall stands before every view of this file
        raise NotAllowed(_("Sign in first."), code="not_signed_in")
    return request.user
