"""The operator's privacy policy as typed, immutable values: what `policy/policy.toml` and `policy/clauses/` become."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

type Words = Mapping[str, str]  # language ("en", "fr") -> words


class Reads(StrEnum):
    """How reads under a purpose are kept. Source: docs/decisions/0008-read-log-and-audit-chain.md."""

    OWN = "own"  # people read their own data: noted with the session; another person's data: one entry each
    PUBLISHED = "published"  # what people chose to show everyone: no entry; a log of it would itself be surveillance
    EACH = "each"  # staff and moderators: one entry for each request, purpose and subject
    RUN = "run"  # a job over many people: one entry for the run, with the set of subjects
    INTERNAL = "internal"  # the guard's own bookkeeping, which shows nothing to anyone


class Then(StrEnum):
    """What happens when a retention rule is over."""

    DELETE = "delete"
    SHRED = "shred"  # its key is destroyed first
    ANONYMISE = "anonymise"
    AGGREGATE = "aggregate"


class Role(StrEnum):
    """What a recipient is to the operator. The list is closed: a buyer, an advertiser or a broker has no word here."""

    PROCESSOR = "processor"  # GDPR Art. 4(8), Art. 28
    CONTROLLER = "controller"  # decides itself, like a host about the own broadcast
    AUTHORITY = "authority"


class Place(StrEnum):
    """What a site can be configured to reach: each is run by one recipient."""

    DATABASE = "database"
    KEYS = "keys"  # the key store's database
    CACHE = "cache"
    IMAP = "imap"  # mailbox elsewhere, whose mails are fetched
    ROOT_KEY = "root_key"  # Vault
    SMS = "sms"  # provider of SMS
    MEDIA = "media"
    MAIL = "mail"
    PAYMENTS = "payments"  # the payment provider


class Storage(StrEnum):
    """Where in a browser something is kept."""

    COOKIE = "cookie"
    LOCAL = "localStorage"
    SESSION = "sessionStorage"
    DATABASE = "indexedDB"


class Channel(StrEnum):
    """By what a message reaches someone."""

    MAIL = "mail"
    SMS = "sms"


class Kind(StrEnum):
    """Of a clause."""

    EXECUTABLE = "executable"
    ATTESTED = "attested"
    INFORMATIVE = "informative"


class Basis(StrEnum):
    """Legal bases of GDPR Art. 6(1)."""

    CONSENT = "consent"  # (a)
    CONTRACT = "contract"  # (b)
    LEGAL_OBLIGATION = "legal_obligation"  # (c)
    LEGITIMATE_INTEREST = "legitimate_interest"  # (f)


class Mode(StrEnum):
    OBSERVE = "observe"  # count what would be refused; proves nothing
    ENFORCE = "enforce"


@dataclass(frozen=True)
class Category:
    """dpv: term of the W3C Data Privacy Vocabulary for personal data. is_special: GDPR Art. 9."""

    key: str
    title: Words
    words: Words
    dpv: str
    is_special: bool = False


@dataclass(frozen=True)
class Purpose:
    """categories: all that may be touched under it; nothing else is, and there is no wildcard."""

    key: str
    title: Words
    words: Words
    categories: frozenset[str]
    reads: Reads
    needs_reason: bool = False
    mode: Mode = Mode.ENFORCE

    @functools.cached_property
    def notes_rows(self) -> bool:
        """Whether the read log wants to see each row."""
        return self.reads not in {Reads.PUBLISHED, Reads.INTERNAL}


@dataclass(frozen=True)
class Recipient:
    """role: processor, controller, authority. country: ISO 3166. instrument: of a transfer out of the EEA, which
    ends when it expires. categories: what may be sent to it through the door (guard/egress). endpoints: what of the
    configuration it runs; hosts: where else it is reached, "name:port". told_at: where it is told of corrections and
    erasures (GDPR Art. 19), an address; not_told: why it need not be told.
    """

    key: str
    title: Words
    role: str
    country: str
    instrument: str = ""
    expires: date | None = None
    words: Words = field(default_factory=dict)  # what it gets, and in which form
    categories: frozenset[str] = frozenset()
    endpoints: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    told_at: str = ""
    not_told: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Retention:
    """How long a declared field stays. days_max: from `after`; None: as long as what `after` names lasts.

    days_min: a statute that forbids deleting earlier, named in `statute`. then: delete, shred, anonymise or aggregate.
    """

    key: str
    words: Words
    after: str
    days_max: int | None
    days_min: int = 0
    statute: str = ""
    then: str = "delete"


@dataclass(frozen=True)
class Named:
    """A kind of subject, an owner within the operator's house, or a security measure. dpv: its term there, if any."""

    key: str
    title: Words
    dpv: str = ""


@dataclass(frozen=True)
class Activity:
    """One row of the record of processing activities (GDPR Art. 30). dpv: term for its purpose."""

    key: str
    title: Words
    purpose: str
    categories: frozenset[str]
    basis: Basis
    basis_words: Words
    recipients: tuple[str, ...]
    retention: tuple[str, ...]
    owner: str
    subjects: tuple[str, ...] = ()
    dpv: str = "Purpose"


@dataclass(frozen=True)
class Cookie:
    """name: `*` at the end stands for any ending. kind: necessary, or the purpose whose consent it needs."""

    name: str
    storage: str  # cookie, localStorage, sessionStorage, indexedDB
    kind: str
    words: Words
    duration: Words


@dataclass(frozen=True)
class Consent:
    """One switch (GDPR Art. 6(1)(a), 7). It is off until somebody turns it on: there is no word for another default.

    words: what it allows. ends: what ends when it is withdrawn. text: raised when words come to allow more; consent to
    an earlier text then counts no longer. categories: what is used. under: the switch that must be on too. channels: it
    is given for each apart. is_objectable: an objection to direct marketing stops it. awaits: why nothing is done with
    it yet.
    """

    key: str
    title: Words
    words: Words
    ends: Words
    text: int
    categories: frozenset[str]
    dpv: str = "Purpose"
    under: str = ""
    channels: tuple[str, ...] = ()
    is_objectable: bool = False
    awaits: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One promise of a clause that software keeps. checks: names in the check registry. awaits: what is not built yet;
    then the rule has no checks and its clause reads UNPROVEN. attested_by, attested_until: whose word stands for it,
    and until when. not_applicable: why this site need not keep it.
    """

    key: str
    words: Words
    checks: tuple[str, ...] = ()
    awaits: Words = field(default_factory=dict)
    attested_by: str = ""
    attested_until: date | None = None
    not_applicable: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Clause:
    """number: "0" to "10" and "M". words: Markdown by language. digest: SHA-256 over words and rules together."""

    number: str
    kind: str  # executable, attested, informative
    title: Words
    words: Words
    rules: tuple[Rule, ...]
    digest: str


@dataclass(frozen=True)
class Authority:
    """The supervisory authority people may complain to (GDPR Art. 77)."""

    name: str
    address: str
    url: str


@dataclass(frozen=True)
class Policy:
    """The whole policy. digest: SHA-256 over all of it. is_released: a snapshot of `version` stands beside it, and is
    the same.
    """

    version: int
    effective: date
    languages: tuple[str, ...]
    authority: Authority
    categories: Mapping[str, Category]
    purposes: Mapping[str, Purpose]
    recipients: Mapping[str, Recipient]
    retention: Mapping[str, Retention]
    activities: Mapping[str, Activity]
    cookies: tuple[Cookie, ...]
    clauses: Mapping[str, Clause]
    digest: str
    is_released: bool
    subjects: Mapping[str, Named] = field(default_factory=dict)
    owners: Mapping[str, Named] = field(default_factory=dict)
    measures: Mapping[str, Named] = field(default_factory=dict)
    consents: Mapping[str, Consent] = field(default_factory=dict)
