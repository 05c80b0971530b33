"""My Account, Money: what is shown, the switch in place, the history in pages, limits of one's own."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import purchases as made
from tests.factories import wallet as credits_
from tests.factories.accounts import make_member
from vasistas.apps.purchases.models import SavedMethod
from vasistas.apps.wallet import queries as wallet
from vasistas.apps.wallet.models import Pause
from vasistas.guard.policy import consents, get_policy

pytestmark = pytest.mark.django_db
MONEY, LIMITS = "/account/money/", "/account/money/limits/"


def browser_of(member) -> Client:
    client = Client()
    client.force_login(member)
    return client


def press(client: Client, act: str):
    digest = consents.text_hash(get_policy().consents["payments"], "en")
    return client.post(MONEY, {"act": act, "key": "payments", "channel": "", "text": digest})


def test_the_switch_stands_where_buying_does(bank) -> None:
    client = browser_of(make_member("Vi"))
    before = client.get(MONEY).content.decode()
    assert reverse("purchases:buy") not in before
    assert "site-header__credits" not in before
    assert press(client, "give")["Location"] == MONEY
    after = client.get(MONEY).content.decode()
    assert reverse("purchases:buy") in after
    assert "site-header__credits" in after
    press(client, "withdraw")
    assert reverse("purchases:buy") not in client.get(MONEY).content.decode()


def test_balance_purchases_methods_and_gifts_are_shown(bank) -> None:
    vi = made.make_payer()
    credits_.give(vi, 300)
    made.bought(bank, vi, 2500, saves_method=True)
    page = browser_of(vi).get(MONEY).content.decode()
    assert "Given to you by the site so far: 30 credits (€3.00)" in page
    assert "Get unused credits back: up to 250 credits (€25.00)" in page
    assert "Visa ··42" in page
    assert "+250 credits (€25.00)" in page
    assert SavedMethod.objects.get().token not in page


def test_history_goes_on_from_the_last_line(bank) -> None:
    vi = made.make_payer()
    for _number in range(wallet.LINES_PER_PAGE + 1):
        credits_.give(vi, 10)
    client = browser_of(vi)
    first = client.get(MONEY).context["history"]
    second = client.get(MONEY, {"before": first.older}).context["history"]
    assert (len(first.lines), len(second.lines), second.older) == (wallet.LINES_PER_PAGE, 1, None)
    for odd in ("x", "-1", "9" * 30, ""):
        assert client.get(MONEY, {"before": odd}).status_code == 200


def test_every_page_carries_the_balance_and_where_it_is_told(bank) -> None:
    vi = made.make_payer()
    credits_.give(vi, 1234)
    client = browser_of(vi)
    for page in ("/account/", "/", "/account/data/"):
        markup = client.get(page).content.decode()
        assert "<strong data-credits>123.4</strong> <small data-money>€12.34</small>" in markup
        assert f"member:{vi.pk}" in markup
        assert markup.count('id="realtime"') == 1
    told = client.get("/account/money/balance").json()
    assert (told["balance_minor"], told["channels"][0]["channel"]) == (1234, f"member:{vi.pk}")


def test_limits_count_at_once_and_loosen_later(bank, now) -> None:
    vi = made.make_payer()
    client = browser_of(vi)
    client.post(LIMITS, {"act": "limit", "per_day": "20.00"})
    assert wallet.limit_of(vi.subject_id, now + timedelta(minutes=1)) == 2000
    client.post(LIMITS, {"act": "limit", "per_day": "50.00"})
    assert "500 credits (€50.00)" in client.get(LIMITS).content.decode()
    assert wallet.limit_of(vi.subject_id, now + timedelta(minutes=1)) == 2000
    assert wallet.limit_of(vi.subject_id, now + timedelta(hours=25)) == 5000


@pytest.mark.parametrize(
    "sent",
    [
        {"act": "limit", "per_day": "-1"},
        {"act": "limit", "per_day": "0"},
        {"act": "limit", "per_day": "1e20"},
        {"act": "pause", "days": "2"},
        {"act": "pause"},
        {"act": "exclude", "months": "1", "is_sure": "on"},
        {"act": "exclude", "months": "6"},
    ],
)
def test_what_is_not_offered_is_refused(bank, sent) -> None:
    vi = made.make_payer()
    assert browser_of(vi).post(LIMITS, sent).status_code == 422
    assert (Pause.objects.count(), wallet.limit_of(vi.subject_id, credits_.AT)) == (0, None)


@pytest.mark.parametrize(
    ("sent", "days"), [({"act": "pause", "days": "7"}, 7), ({"act": "exclude", "months": "6", "is_sure": "on"}, 182)]
)
def test_a_pause_holds_and_hides_buying(bank, now, sent, days) -> None:
    vi = made.make_payer()
    client = browser_of(vi)
    assert client.post(LIMITS, sent).status_code == 302
    until = wallet.paused_until(vi.subject_id, now)
    assert until is not None
    assert until >= now + timedelta(days=days)
    assert reverse("purchases:buy") not in client.get(MONEY).content.decode()


def test_erasing_says_what_would_be_lost(bank) -> None:
    vi = made.make_payer()
    credits_.give(vi, 300)
    made.bought(bank, vi, 2500)
    page = browser_of(vi).get("/account/erase/").content.decode()
    assert "280 credits (€28.00) are left" in page
    assert "Get 250 credits (€25.00) back first" in page


def test_nobody_sees_money_without_an_account() -> None:
    for page in (MONEY, LIMITS, "/account/money/balance"):
        assert Client().get(page).status_code == 302
