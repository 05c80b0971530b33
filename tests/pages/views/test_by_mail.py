"""Rights by mail: one answer for every address; a link for one act and one day, which no second factor lets in."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.pages.test_every_page import faults_of
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import RightsLink
from vasistas.pages.views import by_mail

pytestmark = pytest.mark.django_db
ADDRESS = "/privacy/your-rights/"


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


def ask(client, email):
    return client.post(ADDRESS, {"email": email})


def link_of(client, email):
    assert ask(client, email).status_code == 200
    return re.search(r"/privacy/your-rights/\S+/", mail.outbox[-1].body)[0]


def words_of(page):
    return re.sub(r'value="[^"]*"|nonce="[^"]*"', "", page.text)


def test_every_address_gets_the_same_answer_and_a_mail(client):
    make_member("Vi")
    assert faults_of(client.get(ADDRESS).text) == []
    known, unknown = ask(client, "vi@example.org"), ask(client, "nobody@example.org")
    assert words_of(known) == words_of(unknown)
    assert [one.to for one in mail.outbox] == [["vi@example.org"], ["nobody@example.org"]]
    assert len({one.subject for one in mail.outbox}) == 1


def test_what_is_no_address_says_so_and_mails_nobody(client):
    page = ask(client, "nobody")
    assert page.status_code == 400
    assert mail.outbox == []


def test_mails_to_one_address_are_few_and_the_answer_stays_the_same(client):
    pages = {words_of(ask(client, "vi@example.org")) for _ in range(by_mail.MAILS_MAX + 2)}
    assert len(pages) == 1
    assert len(mail.outbox) == by_mail.MAILS_MAX


def test_one_network_address_asks_no_more_than_its_share(client):
    answers = [ask(client, f"{number}@example.org").status_code for number in range(by_mail.ASKED_MAX + 1)]
    assert answers[-2:] == [200, 429]


def test_who_has_no_account_reads_that_nothing_is_held(client):
    page = client.get(link_of(client, "nobody@example.org"))
    assert "Nothing. No account has the address" in page.text
    assert faults_of(page.text) == []
    assert "nobody@" not in str(RightsLink.objects.values().get())


def test_a_suspended_member_takes_their_data_along_once(client):
    vi = make_member("Vi", is_active=False)
    link = link_of(client, "vi@example.org")
    assert faults_of(client.get(link).text) == []
    body = b"".join(client.post(link, {"act": "take"}).streaming_content)
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert any(name.endswith("accounts.Member.jsonl") for name in names)
    assert client.post(link, {"act": "erase", "word": "erase"}).status_code == 410
    assert client.get(link).status_code == 410
    assert Member.objects.filter(pk=vi.pk).exists()


def test_a_suspended_member_erases_the_account(client):
    vi = make_member("Vi", is_active=False)
    link = link_of(client, "vi@example.org")
    assert client.post(link, {"act": "erase", "word": "no"}).status_code == 400
    answer = client.post(link, {"act": "erase", "word": "erase"})
    assert answer["Location"].startswith("/erased/")
    assert operations.rows_of(vi.subject_id) == {}
    assert client.get(link).status_code == 404  # the link went with the account


def test_a_mail_does_not_open_what_a_second_factor_closes(client):
    vi = make_member("Vi", second_factor=True)
    link = link_of(client, "vi@example.org")
    assert "sign in" in client.get(link).text
    assert client.post(link, {"act": "erase", "word": "erase"}).status_code == 403
    assert Member.objects.filter(pk=vi.pk).exists()


def test_an_old_link_and_a_made_up_one_lead_nowhere(client):
    make_member("Vi")
    link = link_of(client, "vi@example.org")
    RightsLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(link).status_code == 410
    assert client.get("/privacy/your-rights/made-up/").status_code == 404


def test_an_address_nobody_proved_leads_to_no_account(client):
    make_member("Vi", verified=False)
    assert "Nothing. No account" in client.get(link_of(client, "vi@example.org")).text


@pytest.mark.django_db(transaction=True)
def test_the_archive_is_written_as_it_is_read_by_the_server_too(client, async_client):
    make_member("Vi", is_active=False)
    link = link_of(client, "vi@example.org")

    answer = async_to_sync(async_client.post)(link, {"act": "take"})

    assert answer.is_async
