"""What a member sees of the data held about them: gathered from the declarations, the policy and the read log."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, StreamingHttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import get_language, gettext_lazy

from vasistas.guard.declarations import declarations
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Activity, Category, Policy, Purpose, Recipient, Retention
from vasistas.guard.reads import queries as reads
from vasistas.guard.rights import held
from vasistas.lib.errors import NotFound

ROWS_PER_PAGE = 25
READS_PER_PAGE = 25
READS_SHOWN_MAX = 2000
CLOSED = "user.authorization.credentials"  # whoever reads over one's shoulder must not be able to sign in
ACTORS = {
    "staff": gettext_lazy("Staff of this site"),
    "member": gettext_lazy("Another member"),
    "visitor": gettext_lazy("Somebody not signed in; you, if you were signing up or in"),
    "worker": gettext_lazy("A job of the site"),
    "operator": gettext_lazy("The operator, by command"),
}
# Where a category is corrected beside pages:correct: name of a page -> its link text.
CORRECTED_AT: Mapping[str, Mapping[str, Any]] = {
    "user.contact.email": {"account_email": gettext_lazy("Change the mail address")},
    CLOSED: {
        "account_change_password": gettext_lazy("Change the password"),
        "mfa_index": gettext_lazy("Passkeys and codes"),
    },
    "user.device.cookie_data": {"pages:security": gettext_lazy("End sessions, forget browsers")},
    "user.behaviour.following": {"pages:directory": gettext_lazy("Follow or leave rooms")},
    "user.device.ip_address": {"pages:security": gettext_lazy("End sessions")},
    "user.device.user_agent": {"pages:security": gettext_lazy("End sessions")},
}


@dataclass(frozen=True)
class Held:
    """One category: what it is, why it is there, who gets it, and how many rows there are of the member."""

    category: Category
    purposes: tuple[Purpose, ...]
    activities: tuple[Activity, ...]
    recipients: tuple[Recipient, ...]
    rules: tuple[Retention, ...]
    tables: tuple[held.Table, ...]
    rows: int

    @property
    def corrected_at(self) -> Mapping[str, Any]:
        return CORRECTED_AT.get(self.category.key, {})

    @property
    def is_closed(self) -> bool:
        return self.category.key == CLOSED


@dataclass(frozen=True)
class Shown:
    """One row of a table. values: name of the field, what stands there. gone_on: the last day, where rows tell it."""

    values: tuple[tuple[str, Any], ...]
    gone_on: date | None


@dataclass(frozen=True)
class ShownTable:
    table: held.Table
    page: Page[Any]
    rows: tuple[Shown, ...]
    rules: tuple[Retention, ...]
    parameter: str  # of the address, for its page


@dataclass(frozen=True)
class ShownRead:
    read: reads.Read
    who: Any
    purpose: Purpose | None  # None: the policy has it no more
    categories: tuple[Category, ...]


def language() -> str:
    """Of the words of the policy on these pages."""
    return (get_language() or "en").split("-")[0]


def overview(subject_id: int) -> list[Held]:
    """Every category that some field is declared to hold, those with rows first."""
    policy = get_policy()
    counts = {table.label: table.rows(subject_id).count() for table in held.tables()}
    found = [_held(policy, key, counts) for key in policy.categories]
    return sorted((one for one in found if one.tables), key=lambda one: not one.rows)


def category_of(subject_id: int, key: str) -> Held:
    """Raises: NotFound: no field is declared to hold it."""
    found = next((one for one in overview(subject_id) if one.category.key == key), None)
    if found is None:
        raise NotFound("There is no such category.")
    return found


def _held(policy: Policy, key: str, counts: Mapping[str, int]) -> Held:
    activities = tuple(one for one in policy.activities.values() if key in one.categories)
    names = dict.fromkeys(name for one in activities for name in one.recipients)
    tables = tuple(table for table in held.tables() if key in table.categories)
    keeps = dict.fromkeys(one.keep for table in tables for one in table.fields.values() if one.category == key)
    rules = {
        str(policy.retention[name].words): policy.retention[name] for name in keeps
    }  # those that say one thing, once
    return Held(
        category=policy.categories[key],
        purposes=tuple(one for one in policy.purposes.values() if key in one.categories),
        activities=activities,
        recipients=tuple(policy.recipients[name] for name in names),
        rules=tuple(rules.values()),
        tables=tables,
        rows=sum(counts[table.label] for table in tables),
    )


def tables_of(subject_id: int, one: Held, pages: Mapping[str, str]) -> list[ShownTable]:
    """The member's own rows of a category, newest first, each table with its page. pages: the address's parameters."""
    return [_shown(subject_id, table, one.category.key, pages) for table in one.tables]


def _shown(subject_id: int, table: held.Table, key: str, pages: Mapping[str, str]) -> ShownTable:
    rules = {name: get_policy().retention[kept.keep] for name, kept in table.fields.items() if kept.category == key}
    parameter = table.label.lower().replace(".", "-")
    page = Paginator(table.rows(subject_id).order_by("-pk"), ROWS_PER_PAGE).get_page(pages.get(parameter))
    rows = list(page.object_list)
    shown = []
    for row, values in zip(rows, table.read(rows, only=rules), strict=True):
        days = [day for rule in rules.values() if (day := held.gone_on(rule, row)) is not None]
        named = tuple((_title(table, name), _readable(values[name])) for name in (*rules, *table.beside))
        shown.append(Shown(named, min(days, default=None)))
    return ShownTable(table, page, tuple(shown), tuple({rule.key: rule for rule in rules.values()}.values()), parameter)


def _readable(value: Any) -> Any:
    """A file is told by its size; the archive has it."""
    return f"{filesizeformat(len(value))}, in the archive" if isinstance(value, bytes) and value else value


def _title(table: held.Table, name: str) -> str:
    words = str(table.column(name).verbose_name).removesuffix(" sealed")
    return words[:1].upper() + words[1:]


def reads_page(subject_id: int, number: str | None) -> Page[ShownRead]:
    """Who read the member's data, newest first."""
    found = reads.reads_of(subject_id, limit=READS_SHOWN_MAX)
    page: Page[Any] = Paginator(found, READS_PER_PAGE).get_page(number)
    page.object_list = [_shown_read(one) for one in page.object_list]
    return page


def staff_reads(subject_id: int, count: int) -> list[ShownRead]:
    """The latest reads by staff, newest first."""
    return [_shown_read(one) for one in reads.reads_of(subject_id, limit=count, by="staff")]


def _shown_read(read: reads.Read) -> ShownRead:
    policy = get_policy()
    keys = dict.fromkeys(_categories_of(read.fields))
    categories = tuple(policy.categories[key] for key in keys if key in policy.categories)
    return ShownRead(read, ACTORS.get(read.actor_kind, read.actor_kind), policy.purposes.get(read.purpose), categories)


def _categories_of(fields: tuple[str, ...]) -> Iterator[str]:
    for field in fields:
        label, _, name = field.rpartition(".")
        declaration = declarations().get(label)
        if declaration is not None and name in declaration.personal:
            yield declaration.personal[name].category


def proof_json(entry_id: int, subject_id: int) -> dict[str, Any]:
    """The inclusion proof of an entry about the member, in hex, with the signed head of the chain.

    Raises: NotFound: there is no such entry, or it is about somebody else. NotSealed: it waits for the sealer.
    """
    if not reads.is_about(entry_id, subject_id):
        raise NotFound("There is no such entry.")
    proof = reads.proof_of(entry_id)
    head = reads.latest_checkpoint()
    body: dict[str, Any] = {
        "entry": proof.entry_id,
        "leaf": proof.leaf.hex(),
        "batch": proof.batch,
        "index": proof.index,
        "count": proof.count,
        "path": [step.hex() for step in proof.path],
        "root": proof.root.hex(),
        "holds": proof.holds(),
        "source": "RFC 9162, section 2.1.3",
    }
    if head is not None:
        signed = {"message": head.message, "signature": head.row.signature, "public": head.public}
        body["head"] = {"batch": head.row.seq} | {name: bytes(value).hex() for name, value in signed.items()}
    return body


def archive_answer(request: HttpRequest, pieces: Iterator[bytes], at: datetime) -> StreamingHttpResponse:
    """An archive as a download, written as it is read, by whichever server is behind the request."""
    body: Any = in_turns(pieces) if isinstance(request, ASGIRequest) else pieces
    named = {"Content-Disposition": f'attachment; filename="vasistas-{at:%Y-%m-%d}.zip"'}
    return StreamingHttpResponse(body, content_type="application/zip", headers=named)


async def in_turns(pieces: Iterator[bytes]) -> Any:
    """The same pieces, each made in the request's own thread, for a server that asks for them asynchronously."""
    try:
        while (piece := await sync_to_async(_next)(pieces)) is not None:
            yield piece
    finally:
        close: Callable[[], None] = getattr(pieces, "close", lambda: None)
        await sync_to_async(close)()


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
