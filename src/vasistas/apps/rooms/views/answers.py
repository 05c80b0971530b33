"""How this app speaks HTTP: JSON refusals, SDP in and out, who asks."""

import functools
import secrets
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import SESSION_CHARS
from vasistas.apps.rooms.rules import Viewer
from vasistas.lib import limits
from vasistas.lib.errors import DomainError, LimitReached
from vasistas.media.port import Answer, SdpMalformed

type View = Callable[..., HttpResponse]

SDP_TYPE = "application/sdp"
SDP_BYTES_MAX = 64 * 1024


class NotSignedIn(DomainError):  # noqa: N818 — refusals read as facts
    status = 401
    code = "not_signed_in"


class KeyRefused(DomainError):  # noqa: N818 — see above
    """One constant answer, whatever is wrong with the stream key."""

    status = 401
    code = "rooms.key_refused"


class NotSdp(DomainError):  # noqa: N818 — see above
    status = 415
    code = "rooms.not_sdp"


class BodyTooLarge(DomainError):  # noqa: N818 — see above
    status = 413
    code = "rooms.body_too_large"


def for_scripts(view: View) -> View:
    """Answer refusals in JSON, whatever the caller says it accepts: streaming software says nothing."""

    @functools.wraps(view)
    def answering(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DomainError as error:
            return refusal(error)

    return answering


def refusal(error: DomainError) -> JsonResponse:
    body = {"code": error.code, "message": error.message, "fields": error.fields}
    response = JsonResponse(body, status=error.status)
    if isinstance(error, LimitReached) and error.retry_after_s is not None:
        response["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, KeyRefused):
        response["WWW-Authenticate"] = "Bearer"
    return response


def done() -> JsonResponse:
    """Nothing more to tell a script than that it worked."""
    return JsonResponse({})


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks; a form without JavaScript wants a page."""
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode != "navigate" if mode else not request.accepts("text/html")


def viewer_of(request: HttpRequest) -> Viewer:
    return Viewer.of(request.user, request.session)


def member_of(request: HttpRequest) -> Member:
    """Raises: NotSignedIn."""
    if not isinstance(request.user, Member):
        raise NotSignedIn(_("Sign in first."))
    return request.user


def limit(request: HttpRequest, name: str, per_minute: int) -> None:
    """Count one act of a member, or of a visitor's address.

    Raises: LimitReached.
    """
    who = f"member:{request.user.pk}" if request.user.is_authenticated else f"address:{address_of(request)}"
    limits.hit(name, who, limit=per_minute, per_s=60, now=time.time())


def address_of(request: HttpRequest) -> str:
    """The caller's address for counting only; of IPv6 the household's part."""
    return limits.network_of(str(request.META.get("REMOTE_ADDR", "")))


def new_session() -> str:
    """128 random bits: whoever knows them may end the session."""
    return secrets.token_hex(SESSION_CHARS // 2)


def read_sdp(request: HttpRequest) -> str:
    """Return the offer in the body.

    The content type is also what keeps other sites out: browsers ask before they send it, and nobody answers them.

    Raises: NotSdp, BodyTooLarge, SdpMalformed.
    """
    if request.content_type != SDP_TYPE:
        raise NotSdp(f"Send the offer as {SDP_TYPE}.")
    body = request.read(SDP_BYTES_MAX + 1)
    if len(body) > SDP_BYTES_MAX:
        raise BodyTooLarge(f"The offer has more than {SDP_BYTES_MAX // 1024} kB.")
    try:
        offer = body.decode()
    except UnicodeDecodeError:
        raise SdpMalformed("The offer is no session description (SDP).") from None
    if not offer.startswith("v=0"):
        raise SdpMalformed("The offer is no session description (SDP).")
    return offer


def created(answer: Answer, location: str) -> HttpResponse:
    """RFC 9725, 4.2: 201 with the answer, and where the session can be deleted."""
    headers = {"Location": location, "Cache-Control": "no-store"}
    return HttpResponse(answer.sdp, status=201, content_type=SDP_TYPE, headers=headers)
