"""A server that answers as Twilio's Messages resource does: https://www.twilio.com/docs/messaging/api/message-resource.

Numbers of its test credentials' kind mean what they do there: 0001 is invalid, 0004 has answered STOP, and so on.
"""

import base64
import hashlib
import hmac
import socket
import threading
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ACCOUNT = "AC" + "0" * 32
TOKEN = "auth_token_of_the_house"
SENDER = "+352621000000"
STATUS_URL = "https://cams.example/sms/twilio/status/"
REFUSALS = {  # the number's last digits -> Twilio's code
    "0001": 21211,
    "0002": 21612,
    "0003": 21408,
    "0004": 21610,
    "0009": 21614,
    "0010": 21617,
}


@dataclass
class Twilio:
    """What Twilio keeps. status: answer with it instead; text: with this in place of a message."""

    sent: list[dict[str, str]] = field(default_factory=list)
    asked: int = 0
    status: int = 0
    text: str = ""

    def app(self) -> Starlette:
        route = Route("/2010-04-01/Accounts/{account}/Messages.json", self._create, methods=["POST"])
        return Starlette(routes=[route])

    async def _create(self, request: Request) -> Response:
        self.asked += 1
        form = dict(parse_qsl((await request.body()).decode()))
        wanted = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {wanted}":
            return _refusal(401, 20003)
        if self.status:
            return _refusal(self.status, 20429 if self.status == 429 else 20500)
        if self.text:
            return Response(self.text, status_code=201)
        if code := REFUSALS.get(form["To"][-4:]):
            return _refusal(400, code)
        self.sent.append(form)
        return JSONResponse(self._message(form, len(self.sent)), status_code=201)

    def _message(self, form: dict[str, str], number: int) -> dict[str, Any]:
        return {
            "sid": f"SM{number:032d}",
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": form["Body"],
            "date_created": "Mon, 23 Nov 2026 05:00:00 +0000",
            "date_sent": None,
            "date_updated": "Mon, 23 Nov 2026 05:00:00 +0000",
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "status": "queued",
            "subresource_uris": {},
            "to": form["To"],
            "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{number:032d}.json",
        }


def _refusal(status: int, code: int) -> Response:
    said = {"code": code, "message": f"No, not to +352621 ({code})", "more_info": "https://x", "status": status}
    return JSONResponse(said, status_code=status)


def signed(url: str, fields: dict[str, str], token: str = TOKEN) -> dict[str, str]:
    """Headers of a call, made apart from the library: https://www.twilio.com/docs/usage/webhooks/webhooks-security."""
    text = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return {
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }


class HangingUp:
    """A server that takes a request and hangs up without an answer."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        taken, _address = self._listener.accept()
        taken.recv(65_536)
        self.asked += 1
        taken.close()
