"""What the site can show of a purchase when a bank asks: the purchase, what its credits paid for, and receipts of what
was delivered. Other apps add their documents by `wire`, so that this one needs to know none of them.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice

from django.conf import settings
from django.utils.translation import gettext as _

from vasistas.apps.purchases import queries, rules
from vasistas.apps.purchases.models import Dispute, Purchase
from vasistas.apps.purchases.operations import provider
from vasistas.apps.purchases.rules import NoDispute

# Takes the subject's number and two moments, and yields (name of a file, its bytes): what they got in between.
type Source = Callable[[int, datetime, datetime], Iterable[tuple[str, bytes]]]

MANIFEST = "purchase.json"
LEDGER = "ledger.csv"
ANSWER = "answer.txt"
LEDGER_COLUMNS = ("at", "what", "amount_minor", "reference")

_sources: dict[str, Source] = {}


def wire(sources: Mapping[str, Source]) -> None:
    """Replace what other apps add to a pack. Called once, by `vasistas.config`."""
    _sources.clear()
    _sources.update(sources)


def pack(*, purchase: Purchase, at: datetime) -> bytes:
    """A ZIP for staff: the purchase, the ledger since it, the text that answers the bank, and receipts."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(_facts(purchase), indent=1, ensure_ascii=False))
        archive.writestr(LEDGER, _ledger(purchase))
        archive.writestr(ANSWER, answer(purchase=purchase, at=at))
        for name, content in _documents(purchase, at):
            archive.writestr(name, content)
    return kept.getvalue()


def answer(*, purchase: Purchase, at: datetime) -> str:
    """The one document that a provider takes: plain text, without a name."""
    lines = [f"{settings.SITE_NAME}, {settings.OPERATOR.name}", ""]
    lines += [f"{name}: {value}" for name, value in _facts(purchase).items()]
    lines += ["", "What was bought and paid with it:"]
    lines += [f"{line['at']}  {line['what']}  {line['amount_minor']}  {line['reference']}" for line in _lines(purchase)]
    files = [name for name, _content in _documents(purchase, at)]
    lines += ["", f"Signed receipts of what was delivered: {len(files)}", *files]
    return "\n".join(lines)[: rules.ANSWER_CHARS_MAX - 1] + "\n"


def submit(*, purchase: Purchase, at: datetime) -> None:
    """Send the answer to the provider. Not in a transaction. Raises: NoDispute: none is open. PaymentError."""
    open_ones = Dispute.objects.filter(purchase=purchase, state=Dispute.State.OPEN)
    if not open_ones.exists():
        raise NoDispute(_("There is no open dispute of this purchase."))
    provider.answer_dispute(purchase, answer(purchase=purchase, at=at).encode())
    open_ones.update(answered_at=at)


def _facts(purchase: Purchase) -> dict[str, str | int]:
    dispute = Dispute.objects.filter(purchase=purchase).first()
    facts: dict[str, str | int] = {
        "reference": str(purchase.reference),
        "provider": purchase.provider,
        "provider_reference": purchase.provider_ref,
        "amount_minor": purchase.amount,
        "currency": purchase.currency,
        "state": purchase.state,
        "ordered": purchase.made_at.isoformat(),
        "paid": purchase.paid_at.isoformat() if purchase.paid_at else "",
        "refunded_minor": queries.refunded(purchase),
    }
    if dispute is not None:
        facts |= {"disputed_minor": dispute.amount, "disputed": dispute.opened_at.isoformat()}
    return facts


def _lines(purchase: Purchase) -> list[dict[str, str | int]]:
    return [
        {
            "at": entry.transfer.at.isoformat(timespec="seconds"),
            "what": entry.transfer.kind,
            "amount_minor": entry.amount,
            "reference": entry.transfer.reference,
        }
        for entry in queries.lines_since(purchase, rules.EVIDENCE_LINES_MAX)
    ]


def _ledger(purchase: Purchase) -> str:
    written = io.StringIO()
    table = csv.DictWriter(written, LEDGER_COLUMNS)
    table.writeheader()
    table.writerows(_lines(purchase))
    return written.getvalue()


def _documents(purchase: Purchase, at: datetime) -> Iterator[tuple[str, bytes]]:
    since = purchase.paid_at or purchase.made_at
    for folder, source in _sources.items():
        found = source(purchase.subject_id, since, at)
        for name, content in islice(found, rules.EVIDENCE_FILES_MAX):
            yield f"{folder}/{name}", content
