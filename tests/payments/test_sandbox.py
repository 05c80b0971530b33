"""The sandbox's own: its pages, its webhooks, its door."""

import asyncio
import html
import re
import threading

import httpx
import msgspec
import pytest

from tests.payments import desks
from tests.payments.desks import SANDBOX_KEY, SandboxDesk, checkout
from tests.payments.servers import Clock, Shop, serving
from tools.servers import free_port
from vasistas.payments.port import CheckoutUnknown, HintForged, ProviderRefused, RefundRefused
from vasistas.payments.sandbox import signing
from vasistas.payments.sandbox.provider import bank as bank_module
from vasistas.payments.sandbox.provider import delivery, main
from vasistas.payments.sandbox.provider.bank import EVIDENCE_BYTES_MAX, SLOW_S, Bank
from vasistas.payments.sandbox.provider.tables import Tables


def bare_bank() -> tuple[Bank, Tables, Clock]:
    tables, clock = Tables(":memory:"), Clock()
    return Bank(tables, clock=clock), tables, clock


class TestCheckoutPage:
    def test_it_says_what_is_paid_to_whom_and_that_no_money_moves(self, sandbox: SandboxDesk):
        page = httpx.get(sandbox.port.start(checkout(title="<b>Five</b> & more")).url)

        assert page.status_code == 200
        assert "€12.00" in page.text
        assert html.escape("<b>Five</b> & more") in page.text
        assert "<b>Five" not in page.text
        assert "no money moves" in page.text

    def test_forms_may_lead_to_itself_and_back_to_the_site_alone(self, sandbox: SandboxDesk):
        page = httpx.get(sandbox.port.start(checkout()).url)
        policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))

        assert policy["default-src"] == "'none'"
        assert policy["form-action"] == "'self' https://cams.example"
        assert policy["frame-ancestors"] == "'none'"
        assert page.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script|<style|style=|\son\w+=", page.text)

    def test_paying_leads_back(self, sandbox: SandboxDesk):
        answer = sandbox.choose(sandbox.port.start(checkout()), "pays")

        assert (answer.status_code, answer.headers["Location"]) == (303, checkout().return_url)

    def test_a_decline_is_told_and_charges_nothing(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())
        answer = sandbox.choose(started, "declined")

        assert "The bank declined" in answer.text
        assert sandbox.port.read(started.provider_ref).state == "failed"
        assert sandbox.choose(started, "pays").status_code == 409
        assert sandbox.port.read(started.provider_ref).fee_minor == 0

    @pytest.mark.parametrize(("answer", "state"), [("yes", "paid"), ("no", "failed"), ("", "failed")])
    def test_the_bank_asks_first(self, sandbox: SandboxDesk, answer: str, state: str):
        started = sandbox.port.start(checkout())
        sent_on = sandbox.choose(started, "challenge")

        assert sent_on.headers["Location"].endswith("/challenge")
        assert "Is this payment yours?" in httpx.get(f"{sandbox.url}{sent_on.headers['Location']}").text
        assert sandbox.port.read(started.provider_ref).state == "open"
        httpx.post(f"{started.url}/challenge", data={"answer": answer})
        assert sandbox.port.read(started.provider_ref).state == state

    def test_the_bank_cannot_be_answered_before_it_asked(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())

        assert httpx.post(f"{started.url}/challenge", data={"answer": "yes"}).status_code == 409
        assert sandbox.port.read(started.provider_ref).state == "open"

    def test_a_slow_one_is_decided_later(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())

        assert sandbox.choose(started, "slow").status_code == 303
        assert sandbox.choose(started, "declined").status_code == 303  # pressed again: it is under way
        assert sandbox.port.read(started.provider_ref).state == "open"
        assert "The bank is thinking" in httpx.get(started.url).text
        sandbox.clock.now += SLOW_S
        assert sandbox.port.hint(*sandbox.shop.wait(1)[0]).provider_ref == started.provider_ref
        assert sandbox.port.read(started.provider_ref).state == "paid"

    def test_cancelling_leads_to_the_other_address(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())
        answer = httpx.post(f"{started.url}/cancel")

        assert answer.headers["Location"] == checkout().cancel_url
        assert sandbox.port.read(started.provider_ref).state == "expired"
        assert sandbox.choose(started, "pays").status_code == 409

    def test_pressing_twice_pays_once(self, sandbox: SandboxDesk):
        started, since = sandbox.port.start(checkout()), sandbox.now()
        threads = [threading.Thread(target=sandbox.choose, args=(started, "pays")) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        lines = sandbox.port.statement(since, since + 60)
        assert [line.amount_minor for line in lines if line.kind == "payment"] == [1200]

    def test_a_late_one_is_over(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout(expires_at=sandbox.now() + 60))
        sandbox.clock.now += 61

        assert sandbox.choose(started, "pays").status_code == 409
        assert "This payment is over" in httpx.get(started.url).text

    def test_an_unknown_card_or_payment_is_refused_on_a_page(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())

        assert sandbox.choose(started, "4242424242424242").status_code == 409
        assert httpx.get(f"{sandbox.url}/pay/sbx_unknown").status_code == 404


class TestSavedCard:
    def test_it_is_offered_by_its_token_and_forgotten(self, sandbox: SandboxDesk):
        first = sandbox.port.start(checkout(save_method=True))
        sandbox.choose(first, "pays")
        method = sandbox.port.read(first.provider_ref).method
        assert method is not None
        assert method.label == "Visa ··42"

        second = sandbox.port.start(checkout("order-2", method=method.token))
        assert "Visa ··42, saved" in httpx.get(second.url).text
        sandbox.choose(second, method.token)
        assert sandbox.port.read(second.provider_ref).state == "paid"

        sandbox.port.forget_method(method.token)
        third = sandbox.port.start(checkout("order-3", method=method.token))
        assert "saved" not in httpx.get(third.url).text
        assert sandbox.choose(third, method.token).status_code == 409
        assert sandbox.port.read(first.provider_ref).method is None

    def test_none_is_kept_unless_asked(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())
        sandbox.choose(started, "pays")

        assert sandbox.port.read(started.provider_ref).method is None

    def test_another_ones_token_is_no_card_here(self, sandbox: SandboxDesk):
        first = sandbox.port.start(checkout(save_method=True))
        sandbox.choose(first, "pays")
        method = sandbox.port.read(first.provider_ref).method
        assert method is not None

        assert sandbox.choose(sandbox.port.start(checkout("order-2")), method.token).status_code == 409


class TestWebhooks:
    def test_one_event_may_come_twice(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())
        sandbox.choose(started, "twice")
        hints = [sandbox.port.hint(*came) for came in sandbox.shop.wait(2)]

        assert hints[0] == hints[1]

    def test_sent_again_it_has_the_same_id(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())
        first = sandbox.port.hint(*sandbox.pay(started))
        sandbox.act(started.provider_ref, "resend")

        assert sandbox.port.hint(*sandbox.shop.wait(2)[1]) == first

    def test_a_late_one_and_one_from_the_future_are_refused(self, sandbox: SandboxDesk):
        webhook, sent_at = sandbox.pay(sandbox.port.start(checkout())), sandbox.clock.now

        for moved_s in (signing.TOLERANCE_S + 1, -signing.TOLERANCE_S - 1):
            sandbox.clock.now = sent_at + moved_s
            with pytest.raises(HintForged):
                sandbox.port.hint(*webhook)

    def test_a_new_time_cannot_be_put_on_an_old_signature(self, sandbox: SandboxDesk):
        headers, body = sandbox.pay(sandbox.port.start(checkout()))
        sandbox.clock.now += 3600
        digest = headers[signing.HEADER].partition(",")[2]

        with pytest.raises(HintForged):
            sandbox.port.hint({signing.HEADER: f"t={int(sandbox.clock.now)},{digest}"}, body)

    def test_a_signed_body_that_is_no_hint_is_refused(self, sandbox: SandboxDesk):
        body = b'{"event_id": 1}'
        signed = {signing.HEADER: signing.sign(body, key=SANDBOX_KEY, now=sandbox.now())}

        with pytest.raises(HintForged):
            sandbox.port.hint(signed, body)

    def test_it_says_where_to_look_and_nothing_else(self, sandbox: SandboxDesk):
        _headers, body = sandbox.pay(sandbox.port.start(checkout()))

        assert set(msgspec.json.decode(body)) == {"event_id", "provider_ref"}

    def test_it_is_sent_again_until_the_site_takes_it(self):
        bank, tables, clock = bare_bank()
        shop = Shop(status=503)
        messenger = delivery.Messenger(tables, url=shop.hint_url, key=SANDBOX_KEY, clock=clock)
        bank.choose(bank.open(checkout(expires_at=clock.now + 60)).ref, "pays")

        async def send() -> None:
            async with httpx.AsyncClient() as http:
                await messenger.send_due(http)
                await messenger.send_due(http)  # not due yet
                shop.status = 204
                clock.now += delivery.PAUSES_S[0]
                await messenger.send_due(http)
                clock.now += 10 * delivery.PAUSES_S[-1]
                await messenger.send_due(http)  # taken: no more

        with serving(shop.app(), shop.port):
            asyncio.run(send())
        tables.close()
        (first, again), bodies = [came[0][signing.HEADER] for came in shop.taken], {came[1] for came in shop.taken}
        assert first != again  # signed when it was sent
        assert len(bodies) == 1

    def test_it_is_given_up_after_a_named_number_of_attempts(self):
        bank, tables, clock = bare_bank()
        messenger = delivery.Messenger(tables, url=f"http://127.0.0.1:{free_port()}/", key=SANDBOX_KEY, clock=clock)
        bank.choose(bank.open(checkout(expires_at=clock.now + 60)).ref, "pays")

        async def send_often() -> None:
            async with httpx.AsyncClient() as http:
                for pause_s in (*delivery.PAUSES_S, 0.0, 0.0):
                    await messenger.send_due(http)
                    clock.now += pause_s

        asyncio.run(send_often())
        rows = [tuple(row) for row in tables.rows("SELECT state, attempts FROM delivery")]
        tables.close()
        assert rows == [("given up", delivery.ATTEMPTS_MAX)]


class TestMerchantPage:
    def test_what_staff_and_banks_do_is_done_there(self, sandbox: SandboxDesk):
        started, since = sandbox.port.start(checkout()), sandbox.now()
        sandbox.pay(started)
        ref = started.provider_ref

        sandbox.act(ref, "refund", amount="2.00")
        assert sandbox.port.read(ref).refunded_minor == 200
        sandbox.act(ref, "dispute")
        payment = sandbox.port.read(ref)
        assert (payment.dispute, payment.disputed_minor) == ("open", 1000)
        sandbox.port.submit_evidence(ref, b"%PDF-1.7 20 s of 20 s")
        assert "evidence received: 1" in httpx.get(f"{sandbox.url}/dashboard/").text
        sandbox.act(ref, "won")
        assert sandbox.port.read(ref).dispute == "won"
        kinds = [(line.kind, line.amount_minor) for line in sandbox.port.statement(since, since + 60)]
        assert kinds == [
            ("payment", 1200),
            ("fee", -41),
            ("refund", -200),
            ("chargeback", -1000),
            ("chargeback_reversed", 1000),
        ]

    def test_a_lost_one_stays_lost_and_cannot_be_refunded(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())
        sandbox.pay(started)
        sandbox.act(started.provider_ref, "dispute")
        sandbox.act(started.provider_ref, "lost")

        assert sandbox.port.read(started.provider_ref).dispute == "lost"
        assert sandbox.act(started.provider_ref, "won").status_code == 409
        assert sandbox.act(started.provider_ref, "dispute").status_code == 409
        with pytest.raises(RefundRefused):
            sandbox.port.refund(started.provider_ref, amount_minor=1, key="one")

    def test_no_other_amount_is_refunded(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())
        sandbox.pay(started)

        for amount in ("", "-1", "12,00", "1e3", "99999999", "٣", "12.001", "13.00", "0.00"):
            assert sandbox.act(started.provider_ref, "refund", amount=amount).status_code == 409, amount
        assert sandbox.port.read(started.provider_ref).refunded_minor == 0

    def test_evidence_has_a_size(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())
        sandbox.pay(started)
        sandbox.act(started.provider_ref, "dispute")

        for document in (b"", b"x" * (EVIDENCE_BYTES_MAX + 1)):
            with pytest.raises(ProviderRefused):
                sandbox.port.submit_evidence(started.provider_ref, document)

    def test_forms_of_other_sites_are_refused(self, sandbox: SandboxDesk):
        started = sandbox.port.start(checkout())
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            assert httpx.post(started.url, data={"card": "pays"}, headers=headers).status_code == 403
        assert sandbox.port.read(started.provider_ref).state == "open"

    def test_another_name_for_this_machine_is_refused(self, sandbox: SandboxDesk):
        assert httpx.get(f"{sandbox.url}/dashboard/", headers={"Host": "rebound.example"}).status_code == 400


class TestDoor:
    def test_the_api_needs_the_shared_key(self, sandbox: SandboxDesk):
        for key in ("", "Bearer x", f"Bearer {SANDBOX_KEY.decode()}"):
            answers = [
                httpx.post(f"{sandbox.url}/api/payments", content=b"{}", headers={"Authorization": key}),
                httpx.get(f"{sandbox.url}/api/statement", headers={"Authorization": key}),
                httpx.delete(f"{sandbox.url}/api/methods/x", headers={"Authorization": key}),
            ]
            assert {answer.status_code for answer in answers} == {401}

    def test_bad_checkouts_are_refused(self, sandbox: SandboxDesk):
        for number, changes in enumerate(
            [
                {"amount_minor": 0},
                {"amount_minor": -1},
                {"amount_minor": 10**12},
                {"title": ""},
                {"title": "x" * 300},
                {"return_url": "javascript:alert(1)"},
                {"cancel_url": "https://cams.example/\r\nX: y"},
            ]
        ):
            with pytest.raises(ProviderRefused):
                sandbox.port.start(checkout(f"bad-{number}", **changes))

    def test_a_reference_is_of_one_payment(self, sandbox: SandboxDesk):
        sandbox.port.start(checkout())

        with pytest.raises(ProviderRefused):
            sandbox.port.start(checkout(amount_minor=1))

    def test_the_oldest_payments_make_room(self, monkeypatch):
        monkeypatch.setattr(bank_module, "PAYMENTS_MAX", 2)
        bank, tables, clock = bare_bank()
        refs = [bank.open(checkout(f"order-{number}", expires_at=clock.now + 60)).ref for number in range(2)]
        bank.choose(refs[0], "pays")
        bank.open(checkout("order-3", expires_at=clock.now + 60))

        with pytest.raises(CheckoutUnknown):
            bank.get(refs[0])
        assert bank.get(refs[1]).reference == "order-1"
        assert bank.statement(0, clock.now + 1) == []
        assert tables.rows("SELECT * FROM delivery") == []
        tables.close()

    def test_bodies_and_times_that_are_none_are_refused(self, sandbox: SandboxDesk):
        key = {"Authorization": f"Bearer {signing.bearer(SANDBOX_KEY)}"}

        for body in (b"", b"{}", b"[" * 5000, b"x" * 30_000):
            assert httpx.post(f"{sandbox.url}/api/payments", content=body, headers=key).status_code == 400
        assert httpx.get(f"{sandbox.url}/api/statement?since=a&until=b", headers=key).status_code == 400

    def test_state_outlives_the_process(self, tmp_path):
        with desks.sandbox(tmp_path / "sandbox.sqlite3") as first:
            started = first.port.start(checkout())
            first.pay(started)
        with desks.sandbox(tmp_path / "sandbox.sqlite3") as second:
            assert second.port.read(started.provider_ref).state == "paid"
            with pytest.raises(CheckoutUnknown):
                second.port.read("sbx_other")


ENVIRONMENT = {"VASISTAS_SANDBOX_PAYMENTS_KEY": "k" * 40}


class TestCommand:
    @pytest.mark.parametrize("bind", ["0.0.0.0", "::", "192.0.2.7", "cams.example"])
    def test_it_listens_on_this_machine_alone(self, bind: str):
        with pytest.raises(main.Misconfigured):
            main.parse(["--bind", bind], ENVIRONMENT)
        assert main.parse(["--bind", bind], {**ENVIRONMENT, "VASISTAS_DEMO": "yes"}).bind == bind

    def test_it_finds_the_sites_key_in_its_data_folder(self, tmp_path):
        with pytest.raises(main.Misconfigured, match="cannot read the key"):
            main.parse(["--data", str(tmp_path)], {})
        (tmp_path / "secrets").mkdir()
        key_file = tmp_path / "secrets" / "sandbox_payments_key"
        key_file.write_text("")
        with pytest.raises(main.Misconfigured, match="empty"):
            main.parse(["--data", str(tmp_path)], {})
        key_file.write_text("k" * 40 + "\n")

        options = main.parse(["--data", str(tmp_path), "--port", "9003", "--site-url", "https://cams.example/"], {})
        assert options.setup.key == b"k" * 40
        assert options.setup.url == "http://127.0.0.1:9003"
        assert options.setup.hint_url == "https://cams.example/payments/sandbox/hint/"
