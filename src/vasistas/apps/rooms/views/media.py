"""Signalling of live video: WHIP in (RFC 9725), WHEP out, the uplink test, health, and the ways to stop."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from vasistas.apps.rooms import operations, queries
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.views import answers
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.media.port import SessionStats

WHEP_PER_MINUTE = 120  # per member, or per address: a household with several players that reconnect
WHIP_PER_MINUTE = 30
WHIP_KEY_PER_MINUTE = 60  # per address; streaming software tries again every second or two
PROBE_PER_MINUTE = 10
AWAY_PER_MINUTE = 20  # each is told to every page of the lobby, which may read its list again
STREAM_KEY_CHARS_MAX = 128
BEARER = "Bearer "


# -- Watching ----------------------------------------------------------------------------------------------------------


@public("rooms are watched without an account")
@csrf_exempt  # its content type keeps other sites out, see read_sdp; visitors need no cookie to watch
@require_POST
@answers.for_scripts
@processing("rooms")
def whep(request: HttpRequest, slug: str) -> HttpResponse:
    viewer = answers.viewer_of(request)
    answers.limit(request, "rooms.whep", WHEP_PER_MINUTE)
    room = queries.get_room_for(viewer, slug)
    offer = answers.read_sdp(request)
    session = answers.new_session()
    subject_id = viewer.member.subject_id if viewer.member else None
    answer = operations.watch(room=room, session=session, offer=offer, subject_id=subject_id, at=timezone.now())
    return answers.created(answer, reverse("rooms:whep_session", args=[slug, session]))


@public("whoever watches may stop; the session's name is the capability")
@csrf_exempt  # the session's name, 128 random bits, is known to one page alone
@require_http_methods(["DELETE"])
@answers.for_scripts
@processing("rooms")
def whep_session(request: HttpRequest, slug: str, session: str) -> HttpResponse:  # noqa: ARG001 — Django's signature
    operations.leave(slug=slug, session=session)
    return HttpResponse()


# -- Broadcasting ------------------------------------------------------------------------------------------------------


@public("scripts get 401 in JSON instead of a redirect")
@require_POST
@answers.for_scripts
@processing("host")
def whip(request: HttpRequest, slug: str) -> HttpResponse:
    """From the host's browser. `?takeover=1` ends the publisher who is there: the host's own earlier page."""
    room = _own_room(request, slug)
    answers.limit(request, "rooms.whip", WHIP_PER_MINUTE)
    offer = answers.read_sdp(request)
    session = answers.new_session()
    answer = operations.go_live(
        room=room,
        session=session,
        offer=offer,
        ingest="browser",
        takeover=request.GET.get("takeover") == "1",
        at=timezone.now(),
    )
    return answers.created(answer, reverse("rooms:whip_session", args=[slug, session]))


@public("scripts get 401 in JSON instead of a redirect")
@require_http_methods(["DELETE"])
@answers.for_scripts
@processing("host")
def whip_session(request: HttpRequest, slug: str, session: str) -> HttpResponse:
    room = _own_room(request, slug)
    operations.end_session(room=room, session=session, at=timezone.now())
    return HttpResponse()


@public("streaming software signs in with the stream key")
@csrf_exempt  # no cookie is read here: the key is in a header
@require_POST
@answers.for_scripts
@processing("rooms")
def whip_key(request: HttpRequest) -> HttpResponse:
    """From streaming software (OBS): the stream key names the room."""
    room = _room_of_key(request)
    offer = answers.read_sdp(request)
    session = answers.new_session()
    answer = operations.go_live(
        room=room, session=session, offer=offer, ingest="whip", takeover=False, at=timezone.now()
    )
    return answers.created(answer, reverse("rooms:whip_key_session", args=[session]))


@public("streaming software signs in with the stream key")
@csrf_exempt  # no cookie is read here: the key is in a header
@require_http_methods(["DELETE"])
@answers.for_scripts
@processing("rooms")
def whip_key_session(request: HttpRequest, session: str) -> HttpResponse:
    operations.end_session(room=_room_of_key(request), session=session, at=timezone.now())
    return HttpResponse()


# -- The host's desk on air --------------------------------------------------------------------------------------------


@public("scripts get 401 in JSON instead of a redirect")
@require_POST
@answers.for_scripts
@processing("host")
def probe(request: HttpRequest, slug: str) -> HttpResponse:
    """The uplink test: what is sent is measured and thrown away."""
    _own_room(request, slug)
    answers.limit(request, "rooms.probe", PROBE_PER_MINUTE)
    answer = operations.probe(session=answers.new_session(), offer=answers.read_sdp(request))
    return answers.created(answer, reverse("rooms:probe_session", args=[slug, answer.session]))


@public("scripts get 401 in JSON instead of a redirect")
@never_cache
@require_http_methods(["GET", "DELETE"])
@answers.for_scripts
@processing("host")
def probe_session(request: HttpRequest, slug: str, session: str) -> HttpResponse:
    _own_room(request, slug)
    if request.method == "DELETE":
        operations.end_probe(session=session)
        return HttpResponse()
    return JsonResponse(_figures(queries.probe_stats(session)))


@public("scripts get 401 in JSON instead of a redirect")
@never_cache
@require_GET
@answers.for_scripts
@processing("host")
def health(request: HttpRequest, slug: str) -> HttpResponse:
    """What a studio page reads when it opens; later figures come on its channel."""
    room = _own_room(request, slug)
    broadcast = queries.open_broadcast(room)
    stats = queries.broadcast_stats(broadcast) if broadcast else None
    return JsonResponse(
        {
            "state": room.state,
            "viewers": room.viewer_count,
            "ingest": broadcast.ingest if broadcast else None,
            "session": broadcast.session
            if broadcast
            else None,  # a page that lost its line sees whether it was replaced
            "started_at": broadcast.started_at.timestamp() if broadcast else None,
            "media": _figures(stats) if stats else None,
        }
    )


@public("scripts get 401 in JSON instead of a redirect")
@require_POST
@processing("host")
def cut(request: HttpRequest, slug: str) -> HttpResponse:
    """The panic button. Also a form: it must work when scripts do not."""
    operations.cut(room=_own_room(request, slug), at=timezone.now())
    return JsonResponse({"state": "offline"}) if answers.wants_json(request) else redirect("pages:studio")


@public("scripts get 401 in JSON instead of a redirect")
@require_POST
@answers.for_scripts
@processing("host")
def away(request: HttpRequest, slug: str) -> HttpResponse:
    """`away=1` pauses, `away=0` is back."""
    room = _own_room(request, slug)
    answers.limit(request, "rooms.away", AWAY_PER_MINUTE)
    is_away = request.POST.get("away") == "1"
    operations.set_away(room=room, is_away=is_away, at=timezone.now())
    return JsonResponse({"state": "away" if is_away else "live"})


# -- Inside ------------------------------------------------------------------------------------------------------------


def _own_room(request: HttpRequest, slug: str) -> Room:
    return queries.get_own_room(answers.member_of(request), slug)


def _room_of_key(request: HttpRequest) -> Room:
    answers.limit(request, "rooms.whip_key", WHIP_KEY_PER_MINUTE)
    header = request.headers.get("Authorization", "")
    key = header.removeprefix(BEARER).strip()
    room = None
    if header.startswith(BEARER) and 0 < len(key) <= STREAM_KEY_CHARS_MAX:
        room = queries.room_by_stream_key(key)
    if room is None:
        raise answers.KeyRefused("The stream key is wrong or was replaced. Make a new one in the studio.")
    return room


def _figures(stats: SessionStats) -> dict[str, object]:
    layers = [
        {"rid": layer.rid, "bitrate_bps": layer.bitrate_bps, "width": layer.width, "height": layer.height}
        for layer in stats.layers
    ]
    return {
        "connected": stats.connected,
        "codec": stats.codec,
        "bitrate_bps": stats.bitrate_bps,
        "loss_ratio": stats.loss_ratio,
        "rtt_ms": stats.rtt_ms,
        "duration_s": stats.duration_s,
        "viewers": stats.viewers,
        "layers": layers,
        "limited_by": stats.limited_by,
    }
