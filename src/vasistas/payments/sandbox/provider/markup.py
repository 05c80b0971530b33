"""The sandbox's pages as HTML. Everything that comes from outside is escaped here; nothing is loaded from elsewhere."""

import html
from datetime import UTC, datetime
from urllib.parse import quote

from vasistas.payments.port import Method
from vasistas.payments.sandbox.provider.bank import CARDS, LIST_MAX
from vasistas.payments.sandbox.provider.tables import Row

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF "}
STYLES = ("css/reset.css", "css/fonts.css", "css/tokens.css", "css/base.css", "css/components/button.css")
STATES = {"open": "Open", "paid": "Paid", "failed": "Declined", "expired": "Not completed"}
DISPUTES = {"open": "Disputed", "won": "Dispute won", "lost": "Dispute lost"}
SHORT_CHARS = 8  # of a reference on the merchant's page

e = html.escape


def money(amount_minor: int, currency: str) -> str:
    sign = SIGNS.get(currency, f"{currency} ")
    return f"{'−' if amount_minor < 0 else ''}{sign}{abs(amount_minor) // 100:,}.{abs(amount_minor) % 100:02d}"


def page(title: str, main: str, *, wide: bool = False) -> str:
    styles = "".join(f'<link rel="stylesheet" href="/look/{name}">' for name in STYLES)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>{e(title)} · Sandbox</title>
<link rel="icon" href="/look/img/mark.svg" type="image/svg+xml">
{styles}<link rel="stylesheet" href="/assets/sandbox.css">
</head>
<body>
<p class="ribbon"><strong>Sandbox.</strong> For trying things out: no money moves, no real card works.</p>
<main class="sheet{" sheet--wide" if wide else ""}">
{main}
</main>
<footer class="foot">
<p>Sandbox payments, part of Vasistas. It keeps amounts and test cards on this machine, and no names.</p>
<p><a href="/dashboard/">Merchant’s page</a></p>
</footer>
</body>
</html>
"""


def checkout(row: Row, *, site: str, saved: Method | None) -> str:
    tiles = [_tile(saved.token, f"{saved.label}, saved", "The card you kept last time.", "saved")] if saved else []
    tiles += [_tile(key, card.label, card.does, key) for key, card in CARDS.items()]
    tiles[0] = tiles[0].replace("<input ", "<input checked ", 1)
    keep = (
        '<p class="hint">The card you choose is kept here for next time, as you asked.</p>' if row.save_method else ""
    )
    amount = money(row.amount_minor, row.currency)
    return page(
        f"Pay {amount}",
        f"""<div class="checkout">
{_bill(row, site)}
<div class="checkout__pay">
<form method="post" action="/pay/{quote(row.ref)}">
<fieldset class="cards">
<legend>Choose a test card</legend>
{"".join(tiles)}
</fieldset>
{keep}
<button class="button button--primary button--block" type="submit">Pay {e(amount)}</button>
</form>
<form method="post" action="/pay/{quote(row.ref)}/cancel">
<button class="button button--quiet button--block" type="submit">Cancel and go back</button>
</form>
</div>
</div>""",
    )


def challenge(row: Row, *, site: str) -> str:
    return page(
        "Your bank asks",
        f"""<section class="bank">
<p class="bank__name">First Bank of Sand</p>
<h1>Is this payment yours?</h1>
<p>{e(site)} asks for <strong>{e(money(row.amount_minor, row.currency))}</strong> from your
{e(CARDS["challenge"].label)}. A real bank would ask for a code or a fingerprint now (3‑D Secure).</p>
<form class="row" method="post" action="/pay/{quote(row.ref)}/challenge">
<button class="button button--primary" type="submit" name="answer" value="yes">Yes, approve</button>
<button class="button" type="submit" name="answer" value="no">No, reject</button>
</form>
</section>""",
    )


def over(row: Row, *, site: str) -> str:
    said = {
        "paid": ("This is paid", "Nothing more to do here."),
        "failed": ("The bank declined", "Nothing was charged. Go back, and try again with another card."),
        "expired": ("This payment is over", "It was cancelled, or left open for too long. Nothing was charged."),
        "open": ("The bank is thinking", "This takes some seconds. The site is told as soon as it is decided."),
    }[row.state]
    return page(
        said[0],
        f"""<section class="bank">
<h1>{said[0]}</h1>
<p>{said[1]}</p>
<p><a class="button button--primary" href="{e(row.return_url)}">Back to {e(site)}</a></p>
</section>""",
    )


def refused(message: str) -> str:
    return page("Not possible", f'<section class="bank"><h1>Not possible</h1><p>{e(message)}</p></section>')


def merchant(rows: list[Row], *, site: str, site_url: str, evidence: dict[str, int]) -> str:
    listed = "".join(_entry(row, evidence.get(row.ref, 0)) for row in rows)
    empty = '<p class="empty">No payments yet. Buy something on the site, and it appears here.</p>'
    return page(
        "Payments",
        f"""<header class="merchant-head">
<div><p class="eyebrow">Merchant’s page of</p><h1><a href="{e(site_url)}">{e(site)}</a></h1></div>
<p class="hint">What a provider’s staff and banks would do, you do here. The newest {LIST_MAX} payments are shown.</p>
</header>
<div class="entries">{listed or empty}</div>""",
        wide=True,
    )


def _bill(row: Row, site: str) -> str:
    return f"""<section class="bill" aria-label="What you pay for">
<p class="eyebrow">{e(site)}</p>
<p class="bill__amount">{e(money(row.amount_minor, row.currency))}</p>
<h1 class="bill__title">{e(row.title)}</h1>
<p class="bill__note">Paid once. The site learns whether it is paid, and never a card number.</p>
</section>"""


def _tile(value: str, label: str, does: str, look: str) -> str:
    return f"""<label class="tile">
<input type="radio" name="card" value="{e(value)}" required>
<span class="plastic plastic--{e(look)}" aria-hidden="true"></span>
<span class="tile__words"><span class="tile__label">{e(label)}</span><span class="tile__does">{e(does)}</span></span>
</label>"""


def _entry(row: Row, documents: int) -> str:
    facts = [f"{e(row.title)}", f"reference {e(row.reference[:SHORT_CHARS])}", _moment(row.created_at)]
    if row.card:
        facts.append(e(CARDS[row.card].label))
    if row.refunded_minor:
        facts.append(f"refunded {e(money(row.refunded_minor, row.currency))}")
    if documents:
        facts.append(f"evidence received: {documents}")
    badge = f'<span class="state state--{row.state}">{STATES[row.state]}</span>'
    if row.dispute:
        badge = f'<span class="state state--dispute-{row.dispute}">{DISPUTES[row.dispute]}</span>'
    return f"""<article class="entry">
<div class="entry__head"><h2>{e(money(row.amount_minor, row.currency))}</h2>{badge}</div>
<p class="entry__facts">{" · ".join(facts)}</p>
<div class="row">{"".join(_acts(row))}</div>
</article>"""


def _acts(row: Row) -> list[str]:
    acts = []
    if row.left_minor and row.dispute in {None, "won"}:
        left = f"{row.left_minor // 100}.{row.left_minor % 100:02d}"
        field = (
            f'<label class="sum"><span class="visually-hidden">Amount to refund</span><input name="amount" '
            f'inputmode="decimal" value="{left}" pattern="[0-9]{{1,7}}([.][0-9]{{2}})?" required></label>'
        )
        acts.append(_act(row, "refund", "Refund", field))
    if row.left_minor and row.dispute is None:
        acts.append(_act(row, "dispute", "Open a chargeback"))
    if row.dispute == "open":
        acts.append(_act(row, "won", "Site wins"))
        acts.append(_act(row, "lost", "Site loses"))
    if row.state != "open":
        acts.append(_act(row, "resend", "Send webhook again"))
    return acts or ['<p class="hint">Waiting for the one who pays.</p>']


def _act(row: Row, name: str, words: str, field: str = "") -> str:
    about = f'<span class="visually-hidden"> {e(row.reference[:SHORT_CHARS])}</span>'
    return (
        f'<form class="act" method="post" action="/dashboard/{quote(row.ref)}/{name}">{field}'
        f'<button class="button button--small" type="submit">{words}{about}</button></form>'
    )


def _moment(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{moment:%-d %b, %H:%M} UTC</time>'
