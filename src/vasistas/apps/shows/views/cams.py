"""Signalling of cam to cam: WHIP (RFC 9725) by whoever pays, WHEP by the host."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from vasistas.apps.rooms.views import answers
from vasistas.apps.shows import operations, queries
from vasistas.guard.access import public
from vasistas.guard.purposes import processing

CAM_PER_MINUTE = 30


@public("scripts get 401 in JSON instead of a redirect")
@require_POST
@answers.for_scripts
@processing("shows")
def cam_whip(request: HttpRequest, key: UUID) -> HttpResponse:
    """The payer's camera, seen by the host alone."""
    member = answers.member_of(request)
    answers.limit(request, "shows.cam", CAM_PER_MINUTE)
    show = queries.get_show_for(answers.viewer_of(request), key)
    offer, session = answers.read_sdp(request), answers.new_session()
    answer = operations.publish_cam(show=show, viewer=member, session=session, offer=offer)
    return answers.created(answer, reverse("shows:cam_session", args=[key, session]))


@public("scripts get 401 in JSON instead of a redirect")
@require_POST
@answers.for_scripts
@processing("shows")
def cam_whep(request: HttpRequest, key: UUID) -> HttpResponse:
    member = answers.member_of(request)
    answers.limit(request, "shows.cam", CAM_PER_MINUTE)
    show = queries.get_show_for(answers.viewer_of(request), key)
    offer, session = answers.read_sdp(request), answers.new_session()
    answer = operations.watch_cam(show=show, host=member, session=session, offer=offer)
    return answers.created(answer, reverse("shows:cam_session", args=[key, session]))


@public("scripts get 401 in JSON instead of a redirect")
@require_http_methods(["DELETE"])
@answers.for_scripts
@processing("shows")
def cam_session(request: HttpRequest, key: UUID, session: str) -> HttpResponse:
    """End one's own."""
    member = answers.member_of(request)
    show = queries.get_show_for(answers.viewer_of(request), key)
    operations.close_cam(show=show, member=member, session=session)
    return HttpResponse()
