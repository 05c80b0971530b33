"""What the privacy page says until the executable policy takes its place: categories, cookies, the state of clauses.

What is stored, and for how long, is not written here: it comes from the declarations beside the models. Here stand the
words for people; tests/pages/test_privacy_words.py fails when a declared category has none.
"""

from dataclasses import dataclass, field
from datetime import date

from django.conf import settings
from django.utils.translation import gettext as _

from vasistas.guard import declarations
from vasistas.guard.policy import get_policy

CHANGED_ON = date(2026, 11, 22)  # when a word below, or what it tells of, changed
DAY_S = 24 * 3600


@dataclass
class Category:
    """key: as declared. keep: each retention once, in order of the models. fields: `rooms.Follow: at, room`."""

    key: str
    title: str
    words: str
    keep: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Cookie:
    name: str
    purpose: str
    duration: str


@dataclass(frozen=True)
class Clause:
    """number: of the operator's policy. words: what is true today."""

    number: str
    title: str
    words: str


def categories() -> list[Category]:
    """Every declared category of personal data: what members are asked for first, what hosts add last."""
    words = _category_words()
    retention = get_policy().retention
    found: dict[str, Category] = {}
    for label, declaration in declarations.declarations().items():
        held: dict[str, list[str]] = {}
        for name, what in declaration.fields.items():
            if not isinstance(what, declarations.Personal):
                continue
            title, sentence = words.get(what.category, (what.category, ""))
            category = found.setdefault(what.category, Category(what.category, title, sentence))
            keep = retention[what.keep].words["en"] if what.keep in retention else what.keep
            if keep not in category.keep:
                category.keep.append(keep)
            held.setdefault(what.category, []).append(name)
        for key, names in held.items():
            found[key].fields.append(f"{label}: {', '.join(names)}")
    order = list(words)
    return sorted(found.values(), key=lambda one: order.index(one.key) if one.key in order else len(order))


def _category_words() -> dict[str, tuple[str, str]]:
    return {**_category_words_of_members(), **_category_words_of_hosts()}


def _category_words_of_members() -> dict[str, tuple[str, str]]:
    return {
        "user.contact.email": (
            _("Mail address"),
            _("To sign in and to write to you. No host and no other member sees it."),
        ),
        "user.account.username": (_("Name shown"), _("What others see of you, beside what you say.")),
        "user.authorization.credentials": (
            _("Means of signing in"),
            _("Password (as Argon2 hash), passkeys, authenticator, codes, session and stream keys."),
        ),
        "user.account.activity": (
            _("Times of your account"),
            _("When you joined, signed in and were last here; what staff changed about you."),
        ),
        "user.account.role": (_("Roles"), _("That you moderate a room.")),
        "user.account.restriction": (
            _("Restrictions"),
            _("Bans, mutes and deleted lines, with the reason a host or moderator gave."),
        ),
        "user.behaviour.following": (_("Followed rooms"), _("Which rooms you follow, since when.")),
        "user.behaviour.viewing": (
            _("Watching"),
            _("Which broadcast was watched for how long. Without an account it belongs to nobody."),
        ),
        "user.content.chat.public": (_("Chat"), _("What you say in a room, and when. Everyone in the room reads it.")),
        "user.device.ip_address": (
            _("Network address"),
            _("From where a session was opened, so that you can tell yours."),
        ),
        "user.device.user_agent": (_("Browser"), _("Its name and version, beside each of your sessions.")),
        "user.device": (_("Connection"), _("How well a picture reached you: the share of packets that got lost.")),
        "user.device.cookie_data": (
            _("Session"),
            _("What the session cookie points to: that you are signed in, your age statement."),
        ),
        "user.unique_id.pseudonymous": (
            _("Number in the audit log"),
            _("A random number that stands for you where a name would say too much."),
        ),
    }


def _category_words_of_hosts() -> dict[str, tuple[str, str]]:
    return {
        "host.profile": (_("Room of a host"), _("Address, title, category, language and class of the room. Public.")),
        "host.business": (
            _("Business of a host"),
            _("Since when you host, for which studio, whether hosting is suspended."),
        ),
        "host.activity": (_("Broadcasts"), _("When you were on air, and with what.")),
        "host.image": (_("Preview picture"), _("A small still of your broadcast on the cards. Public.")),
    }


def cookies() -> list[Cookie]:
    """All that the site keeps in a browser; each is necessary for what its visitor asked for."""
    days = settings.SESSION_COOKIE_AGE // DAY_S
    return [
        Cookie(
            settings.SESSION_COOKIE_NAME,
            _("Keeps you signed in, and your statement of age. Not set before you sign in, sign up or state your age."),
            _("%(days)d days after the last use") % {"days": days},
        ),
        Cookie(
            settings.CSRF_COOKIE_NAME,
            _("Proves that a form was sent from this site. A random value that says nothing about you."),
            _("%(days)d days") % {"days": settings.CSRF_COOKIE_AGE // DAY_S},
        ),
        Cookie(
            "messages",
            _("Carries one sentence, like “Your name was changed”, to the next page."),
            _("until it was shown, or the browser closes"),
        ),
    ]


def clauses() -> list[Clause]:
    """Each clause of the policy, with the honest state of today. None is proven: no check on live data exists yet."""
    return [*_clauses_on_use(), *_clauses_on_care()]


def _clauses_on_use() -> list[Clause]:
    return [
        Clause(
            "0",
            _("Data covered"),
            _(
                "The table above comes from the running code, and a field without a declaration stops the build. "
                "No card number exists here. Nothing is sealed with keys of its own yet."
            ),
        ),
        Clause(
            "1",
            _("Purposes"),
            _(
                "Data serves the rooms, the chat and signing in. There are no profiles and no payments. No code asks "
                "for the purpose yet before it reads, so nothing but care keeps data from another use."
            ),
        ),
        Clause(
            "2",
            _("Direct marketing"),
            _("None is sent, and nothing here could send it. The switch to object comes before the first letter does."),
        ),
        Clause(
            "3",
            _("Problem reports"),
            _("Your mail reaches the operator's mailbox. The software does not keep it from other use yet."),
        ),
        Clause(
            "4",
            _("Information bulletin"),
            _("There is none. My Account stands at the bottom of every page; a test visits them all and looks."),
        ),
    ]


def _clauses_on_care() -> list[Clause]:
    return [
        Clause(
            "5",
            _("Security"),
            _(
                "Argon2 passwords, second factors, no code of third parties, a strict content policy. "
                "Sealed fields, the read log and encrypted backups are missing."
            ),
        ),
        Clause(
            "6",
            _("Stored communications"),
            _(
                "Chat is deleted after the time in the table. It is not sealed yet, and there is no desk yet that "
                "verifies requests of authorities."
            ),
        ),
        Clause(
            "7",
            _("Third parties"),
            _(
                "No page asks another site for anything. Hosts see the name you show and a reference that differs "
                "from room to room. The register of recipients is missing."
            ),
        ),
        Clause(
            "8",
            _("Cookies"),
            _("The three above, all necessary, none before it is needed. No test compares them with a browser yet."),
        ),
        Clause(
            "9",
            _("Access right"),
            _(
                "You change name, mail and password yourself. Export and erasure are done by the operator on request "
                "until the privacy centre is there."
            ),
        ),
        Clause(
            "10",
            _("Contact"),
            _("One record, on every page and in every mail. Nothing measures yet that a message to it is answered."),
        ),
        Clause(
            "M",
            _("Changes of these rules"),
            _("The date above is kept by hand. Versions, differences and notices come with the executable policy."),
        ),
    ]
