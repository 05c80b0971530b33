"""Mails by the API of each provider: a real conversation over HTTP, under Django's MAILERS."""

import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, mailers

from tests.factories.accounts import make_member
from tests.factories.mail_provider import MailProvider, mail_provider
from vasistas.apps.accounts import outbox
from vasistas.apps.accounts.outbox.provider import PROVIDERS
from vasistas.guard.egress import endpoints
from vasistas.guard.egress import queries as transfers
from vasistas.guard.egress.door import TransferRefused
from vasistas.guard.egress.sockets import Endpoint
from vasistas.guard.purposes import processing

pytestmark = pytest.mark.django_db

TO = "vi@example.org"
INACTIVE = f"Found inactive addresses: {TO}.\nInactive recipients are ones that have generated a hard bounce."
ANSWERS: dict[str, Any] = {
    "brevo": {"messageId": "<1@x>"},
    "mailersend": {},
    "mailgun": {"id": "<1@x>", "message": "Queued. Thank you."},
    "mailjet": {"Messages": [{"Status": "success", "To": [{"Email": TO, "MessageID": 1, "MessageHref": "x"}]}]},
    "mailtrap": {"success": True, "message_ids": ["1"]},
    "postal": {"status": "success", "data": {"message_id": "1", "messages": {TO: {"id": 1, "token": "t"}}}},
    "postmark": {"To": TO, "MessageID": "1", "ErrorCode": 0, "Message": "OK", "SubmittedAt": "x"},
    "resend": {"id": "1"},
    "sparkpost": {"results": {"id": "1", "total_accepted_recipients": 1, "total_rejected_recipients": 0}},
}
BESIDE = {"mailersend": {"X-Message-Id": "1"}}


@pytest.fixture
def provider() -> Iterator[MailProvider]:
    with mail_provider() as running:
        yield running


def use(settings: Any, provider: MailProvider, name: str) -> None:
    known = PROVIDERS[name]
    options = {"provider": name, known.key: "key-of-ours", "api_url": provider.url}
    if known.second:
        options[known.second] = "second-key"
    provider.answer, provider.beside = ANSWERS[name], BESIDE.get(name, {})
    settings.MAILERS = {"default": {"BACKEND": "vasistas.apps.accounts.outbox.ProviderBackend", "OPTIONS": options}}


def letter(to: str = TO) -> EmailMultiAlternatives:
    headers = {
        "From": "Vasistas <privacy@example.org>",
        "List-Unsubscribe": "<https://x.example/bulletins/abc/stop/>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    mail = EmailMultiAlternatives("News", "In plain text", "bounce+abc@in.example", [to], headers=headers)
    mail.attach_alternative("<p>In colour</p>", "text/html")
    return mail


def send(mail: EmailMultiAlternatives) -> None:
    with processing("account"):
        backend = mailers.default
        assert isinstance(backend, outbox.ProviderBackend)
        backend.send_and_wait([mail])


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_provider_gets_both_texts_the_headers_and_no_tracking(settings, provider, name):
    use(settings, provider, name)
    mail = letter()

    send(mail)

    ((_path, headers, body),) = provider.taken
    sent = urllib.parse.unquote_plus(body.decode())
    carried = ["In plain text", "In colour", "List-Unsubscribe=One-Click", "https://x.example/bulletins/abc/stop/"]
    assert [one for one in carried if one not in sent] == []
    assert "bounce+abc" not in sent  # the provider has its own return path
    assert "privacy@example.org" in sent
    assert "key-of-ours" in str(headers) or headers["Authorization"].startswith("Basic ")
    assert outbox.reference_of(mail) in {"1", "<1@x>"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("postmark", '"TrackOpens": false'),
        ("mailjet", '"TrackOpens": "disabled"'),
        ("sparkpost", '"open_tracking": false'),
        ("mailersend", '"track_opens": false'),
    ],
)
def test_a_provider_that_can_be_told_watches_nobody(settings, provider, name, said):
    use(settings, provider, name)

    send(letter())

    assert said in provider.taken[0][2].decode()


def test_one_connection_serves_a_batch(settings, provider):
    use(settings, provider, "postmark")

    with processing("account"), mailers.default as backend:
        for _ in range(3):
            backend.send_and_wait([letter()])
        connections = backend._inner.session.adapters["http://"].poolmanager.pools
        (pool,) = (connections[key] for key in list(connections.keys()))

    assert len(provider.taken) == 3
    assert pool.num_connections == 1


@pytest.mark.parametrize("status", [400, 422])
def test_a_mail_it_refuses_is_refused_and_names_nobody(settings, provider, status):
    use(settings, provider, "brevo")
    provider.status, provider.answer = status, {"message": f"{TO} is no address"}

    with pytest.raises(outbox.MailRefused) as refused:
        send(letter())

    assert TO not in str(refused.value)
    assert refused.value.__suppress_context__


def test_an_address_that_is_on_its_own_list_is_refused(settings, provider):
    use(settings, provider, "postmark")
    provider.status = 422
    provider.answer = {
        "ErrorCode": 406,
        "Message": INACTIVE,
    }

    with pytest.raises(outbox.MailRefused):
        send(letter())


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_provider_that_refuses_us_or_is_away_is_told_apart(settings, provider, status):
    use(settings, provider, "brevo")
    provider.status, provider.answer = status, {"message": f"not now, {TO}"}

    with pytest.raises(OSError, match=f"Brevo did not take a mail: HTTP {status}") as away:
        send(letter())

    assert TO not in str(away.value)


@pytest.mark.parametrize("how", [{"answer": ["?"]}, {"answer": {}}, {"is_silent": True}])
def test_a_provider_whose_answer_is_lost_may_have_taken_it(settings, provider, how):
    use(settings, provider, "brevo")
    vars(provider).update(how)

    with pytest.raises(outbox.AnswerLost, match="Brevo may have taken a mail"):
        send(letter())


def test_no_provider_at_that_address(settings, provider, unused_port):
    use(settings, provider, "resend")
    settings.MAILERS["default"]["OPTIONS"]["api_url"] = f"http://127.0.0.1:{unused_port}/"

    with pytest.raises(OSError, match="Resend did not take a mail: there is no connection to it"):
        send(letter())


def test_the_door_is_asked_and_the_member_sees_it(settings, provider):
    vi = make_member("Vi")
    use(settings, provider, "resend")

    send(letter())
    with processing("rooms"), pytest.raises(TransferRefused):
        mailers.default.send_messages([letter()])

    assert len(provider.taken) == 1
    (given,) = transfers.transfers_of(vi.subject_id)
    assert (given.recipient, given.count) == ("mail", 1)


def test_it_is_posted_behind_the_request(settings, provider):
    use(settings, provider, "resend")

    with processing("account"):
        mailers.default.send_messages([letter()])
    assert outbox.settle(20)

    assert len(provider.taken) == 1


def test_its_address_is_what_the_process_may_reach(settings, provider):
    use(settings, provider, "resend")
    port = int(provider.url.rstrip("/").rpartition(":")[2])

    assert endpoints.configured()["mail"] == Endpoint("127.0.0.1", port)

    settings.MAILERS["default"]["OPTIONS"]["api_url"] = PROVIDERS["resend"].api
    assert endpoints.configured()["mail"] == Endpoint("api.resend.com", 443)
