"""Each contradiction is refused with its file, its line and what to do; and all of them at once."""

from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tests.guard.policy.files import change, compiled, faults_of
from vasistas.guard.policy import checks
from vasistas.guard.policy.model import Authority, Basis, Category, Cookie, Mode, Purpose, Reads, Recipient, Retention

MAIL = '"user.contact.email"'


def test_a_policy_becomes_typed_objects(folder: Path):
    policy = compiled(folder)

    assert (policy.version, policy.effective, policy.languages) == (1, date(2026, 12, 1), ("en", "fr"))
    assert policy.authority == Authority("The authority", "1, road", "https://authority.example/")
    assert policy.categories["user.content.chat.public"] == Category(
        "user.content.chat.public",
        {"en": "Chat", "fr": "Messages"},
        {"en": "What you say.", "fr": "Ce que vous dites."},
        "Communication",
        is_special=True,
    )
    assert policy.purposes["chat"] == Purpose(
        "chat",
        {"en": "Chat", "fr": "Messages"},
        {"en": "Carry the chat.", "fr": "Transmettre les messages."},
        frozenset({"user.content.chat.public"}),
        Reads.PUBLISHED,
        needs_reason=True,
        mode=Mode.OBSERVE,
    )
    assert policy.retention["ledger"] == Retention(
        "ledger", {"en": "10 years", "fr": "10 ans"}, "the year ends", 3700, 3650, "Code de commerce, Art. 16"
    )
    assert policy.recipients["overseas"] == Recipient(
        "overseas",
        {"en": "Mail house", "fr": "Routeur"},
        "processor",
        "US",
        "Standard contractual clauses (EU) 2021/914",
        date(2027, 6, 30),
        {"en": "The letters.", "fr": "Les lettres."},
        frozenset({"user.contact.email"}),
        ("mail",),
        ("api.mail-house.example:443",),
    )
    assert policy.activities["accounts"].categories == frozenset({"user.contact.email"})  # all of its purpose
    assert policy.activities["chatting"].basis is Basis.CONTRACT
    assert policy.is_released is False


def test_cookies_and_clauses_become_typed_objects(folder: Path):
    policy = compiled(folder)

    assert policy.cookies == (
        Cookie(
            "sessionid",
            "cookie",
            "necessary",
            {"en": "Keeps you signed in.", "fr": "Vous garde connecté."},
            {"en": "14 days", "fr": "14 jours"},
        ),
    )
    clause = policy.clauses["6"]
    assert (clause.kind, clause.title["en"]) == ("executable", "Stored communications")
    assert clause.words["en"] == "Chat is deleted after **30 days**.\n\nNobody reads it before."
    assert [(rule.key, rule.checks, dict(rule.awaits)) for rule in clause.rules] == [
        ("chat_is_sealed", ("chat.text_is_sealed",), {}),
        ("desk", (), {"en": "the legal desk", "fr": "le bureau juridique"}),
    ]


@pytest.mark.parametrize(
    ("old", "new", "what", "remedy"),
    [
        # the form
        ("version = 1", "version = ", "This is no TOML: Invalid value.", "Mend the line, or the one before it."),
        ("version = 1", 'version = "1"', "version is not a whole number.", "Write version = 1."),
        ("version = 1", "version = true", "version is not a whole number.", "Write version = 1."),
        ("version = 1", "version = 0", "version is 0.", "Write a whole number from 1."),
        ("effective = 2026-12-01", 'effective = "soon"', "effective is not a date.", "Write effective ="),
        ("effective = 2026-12-01", "effective = 2026-12-01T00:00:00", "effective is not a date", "Write effective ="),
        ('languages = ["en", "fr"]', 'languages = ["en", "fr", "fr"]', "languages[2] repeats 'fr'.", "Name it once."),
        ('reads = "published"', 'readz = "published"', "purposes.chat.readz is unknown.", "Use reads."),
        ("days_max = 30\n", "day_max = 30\n", "retention.room_chat.day_max is unknown.", "Use days_max or days_min."),
        ("[cookies.sessionid]", "[cookeys.sessionid]", "cookeys is unknown.", "Use cookies."),
        ("mode =", "mode = 3 # ", "purposes.chat.mode is not a text in quotes.", 'Write mode = "…".'),
        ('"observe"', '"observed"', "purposes.chat.mode is 'observed'.", "Use observe."),
        ('basis = "contract"\nbasis_words = { en = "No', 'basis = "none"\nbasis_words = { en = "No', "is 'none'",
         "Use"),
        ("is_special = true", 'is_special = "yes"', "is_special is not true or false.", "Write is_special ="),
        ('en = "To sign in."', 'en = ""', f"categories.{MAIL}.words.en is empty.", "Write it"),
        ('country = "LU"', 'country = "Luxembourg"', "is 'Luxembourg'.", "Use the two capital letters of ISO 3166"),
        # who gets something: a sale has no word
        *[
            ('role = "processor"\ncountry = "US"', f'role = "{role}"\ncountry = "US"', f"role is '{role}'.", "Use")
            for role in ("sale", "buyer", "advertising", "advertiser", "broker", "data_broker", "partner")
        ],
        ('["mail"]', '["mial"]', "the endpoint 'mial', which does not exist.", "Use"),
        ('hosts = ["api.mail-house.example:443"]', 'hosts = ["https://x.example/"]', "names 'https://x.example/'.",
         "name:port"),
        ('country = "LU"', 'country = "LU"\nendpoints = ["mail"]', "of the recipient 'overseas' and of 'hosting'.",
         "Name the one that runs it."),
        # who is told of corrections and erasures
        *[
            ('country = "LU"', f'country = "LU"\ntold_at = "{address}"', f"told_at is '{address}'.", "Write an address")
            for address in ("http://x.example/", "https://", "x.example", "https://a@x.example/", "https://x.example/?q")
        ],
        ('country = "LU"', 'country = "LU"\ntold_at = "https://x.example/"', "by a number it may not get.",
         "Add 'user.unique_id.pseudonymous' to its categories."),
        ('country = "LU"', 'country = "LU"\ntold_at = "https://x.example/"', "is told under 'rights', and no activity",
         "Name it in the recipients"),
        ('country = "LU"', 'country = "LU"\ntold_at = "https://x.example/"\nnot_told = { en = "No.", fr = "Non." }',
         "is told, and says why it is not.", "Remove not_told."),
        ("[retention.room_chat]", "[retention.Room-Chat]", "retention.Room-Chat is no key.", "Use small letters"),
        (f"[categories.{MAIL}]", "[categories.user.contact.email]", "categories.user is no key.",
         '"user.contact.email"'),
        ('url = "https', 'url = "http', "is 'http://authority.example/'.", "begins with https://"),
        # names that lead nowhere
        ('  "user.contact.email",', '  "user.contact.emial",', "the category 'user.contact.emial'",
         "Use user.contact.em"),
        ('purpose = "account"', 'purpose = "acount"', "names the purpose 'acount', which does not exist.",
         "Use account."),
        ('["account_life"]', '["account_live"]', "the retention rule 'account_live'", "Use account_life."),
        ('["hosting", "over', '["hostings", "over', "the recipient 'hostings'", "Use hosting."),
        ('owner = "support"\nsubjects = ["member"]\ndpv = "Acc', 'owner = "suport"\nsubjects = ["member"]\ndpv = "Acc',
         "names the owner 'suport'", "Use support."),
        ('dpv = "EmailAddress"', 'dpv = "EmailAdress"', "the Data Privacy Vocabulary 'EmailAdress'",
         "Use EmailAddress"),
        ('kind = "necessary"', 'kind = "necessery"', "cookies.sessionid.kind is 'necessery'.", "Use necessary."),
        # contradictions
        ("days_max = 3700", "days_max = 3000", "deletes after 3000 days what must stay for 3650.", "Raise days_max"),
        ('statute = "Code de commerce, Art. 16"', "", "The rule 'ledger' has a minimum and no statute.",
         "Name the law"),
        ("days_min = 3650", "", "The rule 'ledger' names a statute and no minimum.", "Add days_min"),
        ("expires = 2027-06-30", "expires = 2026-11-21", "'overseas' expired on 2026-11-21.", "Renew it"),
        ("expires = 2027-06-30", "", "The instrument of the recipient 'overseas' has no expiry.", "Add expires"),
        ('country = "LU"', 'country = "US"', "'hosting' is in US, outside the EEA, without an instrument.", "Name it"),
        ('categories = [\n  "user.contact.email",\n]', "categories = []", "purposes.account.categories allows nothing.",
         "Name the categories"),
        ('purpose = "chat"\n', 'purpose = "account"\n', "The purpose 'chat' is used by no activity.",
         "Add an activity"),
        ('reads = "internal"', 'reads = "run"', "The purpose 'audit' is used by no activity.", "Add an activity"),
        ('categories = ["user.content.chat.public"]\nbasis', 'categories = ["user.contact.email"]\nbasis',
         "uses 'user.contact.email', which its purpose does not allow.", "add it to [purposes.chat]"),
        ('["user.content.chat.public"]\n\n', '["user.content.chat.public", "user.contact.email"]\n\n',
         "The purpose 'chat' allows 'user.contact.email', and none of its activities needs it.", "Remove it"),
        ('en = "a month"', 'en = "31 days"', "'room_chat' says 31 days in en", "Make them the same."),
        # clauses
        ('checks = ["chat.text_is_sealed"]', "", "The rule 'chat_is_sealed' has no check.", 'Add checks = ["…"]'),
        ("awaits =", 'checks = ["chat.late"]\nawaits =', "awaits stands beside checks.", "Keep the checks"),
        ('key = "desk"', 'key = "chat_is_sealed"', "Clause 6 has two rules 'chat_is_sealed'.",
         "Give each its own key."),
        ('"chat.text_is_sealed"', '"sealed"', "'sealed' is no name of a check.", "Write it like chat.text_is_sealed."),
        ('kind = "informative"', 'kind = "executable"', "Clause 0 is executable and has no rule.", "Add [[clauses.0."),
        ('en = "Chat is sealed.", ', "", "clauses.6.rules[0].words has no en.", "Add en ="),
        ('fr = "Pour vous connecter."', 'de = "Zum Anmelden."', "words has no fr.", "Add fr ="),
        ("awaits = {", 'attested_by = "Lea"\nawaits = {', "needs both attested_by and attested_until.",
         "Say whose word"),
        ("[clauses.0]", "[clauses.11]", "clauses.11 is no clause.", "The clauses are 0 to 10 and M."),
    ],
)  # fmt: skip
def test_each_fault_in_the_rules_is_told_with_line_and_remedy(folder: Path, old: str, new: str, what: str, remedy: str):
    text = (folder / "policy.toml").read_text()
    (folder / "policy.toml").write_text(text.replace(old, new, 1))
    assert old in text

    told = [fault for fault in faults_of(folder) if what in fault.what and remedy in fault.remedy]

    assert len(told) == 1, faults_of(folder)
    assert str(told[0].file) == "policy/policy.toml"
    assert 1 <= told[0].line <= text.count("\n") + 1
    assert str(told[0]) == f"policy/policy.toml:{told[0].line}: {told[0].what} {told[0].remedy}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('reads = "published"', 'readz = "published"'),
        ("days_max = 3700", "days_max = 3000"),
        ("expires = 2027-06-30", "expires = 2026-11-21"),
        ('checks = ["chat.text_is_sealed"]', 'checks = ["sealed"]'),
        ('purpose = "account"', 'purpose = "acount"'),
        ('  "user.contact.email",', '  "user.contact.emial",'),
    ],
)
def test_the_line_is_the_one_that_is_wrong(folder: Path, old: str, new: str):
    line = change(folder, old, new)

    assert line in {fault.line for fault in faults_of(folder)} | {
        fault.line - 1
        for fault in faults_of(folder)
        if "deletes after" in fault.what  # told at the minimum below
    }


def test_all_faults_are_told_at_once_in_order(folder: Path):
    change(folder, 'url = "https', 'url = "http')
    change(folder, "days_max = 30\n", "day_max = 30\n")
    change(folder, "## 0. Data covered", "## Data covered", file="clauses/en.md")

    told = [(str(fault.file), fault.what) for fault in faults_of(folder)]

    assert told == [
        ("policy/clauses/en.md", "The heading has no number."),
        ("policy/policy.toml", "authority.url is 'http://authority.example/'."),
        ("policy/policy.toml", "retention.room_chat.day_max is unknown."),
        ("policy/policy.toml", "Clause 0 has no words in policy/clauses/en.md."),
    ]


@pytest.mark.parametrize(
    ("old", "new", "what", "remedy"),
    [
        ("## 6. Stored communications", "### 6. Stored communications", "", ""),
        ("## 6. Stored communications", "## Stored communications", "The heading has no number.", "Write `## <number>"),
        ("## 6. Stored communications", "## 0. Stored", "Clause 0 stands here a second time.", "Keep one."),
        ("## 6. Stored communications", "## 7. Stored", "Clause 7 has words but no rules.", "Add [clauses.7]"),
        ("# Privacy policy", "Privacy policy", "belongs to no clause.", "Move it below a heading"),
        ("All that {operator} stores.", "", "Clause 0 says nothing.", "Write it below its heading."),
        ("{operator}", "{operater}", "nothing to put in place of {operater}.", "Use operator."),
    ],
)
def test_each_fault_in_the_words_is_told(folder: Path, old: str, new: str, what: str, remedy: str):
    change(folder, old, new, file="clauses/en.md")

    found = faults_of(folder)

    if what:
        assert any(fault.file == Path("policy/clauses/en.md") and what in fault.what for fault in found)
        assert any(remedy in fault.remedy for fault in found)
    else:
        assert [fault.what for fault in found] == ["Clause 6 has no words in policy/clauses/en.md."]


def test_a_language_without_words_is_told(folder: Path):
    (folder / "clauses" / "fr.md").unlink()

    assert "policy/clauses/fr.md:1: The file cannot be read: No such file or directory. Restore it." in map(
        str, faults_of(folder)
    )


def test_words_in_a_language_that_is_not_named_are_told(folder: Path):
    (folder / "clauses" / "de.md").write_text("## 0. Daten\n\nAlle.\n")

    assert [str(fault) for fault in faults_of(folder)] == [
        'policy/clauses/de.md:1: The policy is not written in this language. Add "de" to languages, or move it.'
    ]


def test_words_that_are_no_utf8_are_told_with_their_line(folder: Path):
    path = folder / "clauses" / "en.md"
    path.write_bytes(path.read_bytes().replace(b"All that", b"All th\xe4t"))

    assert "policy/clauses/en.md:5: The line is not UTF-8. Save the file in UTF-8." in map(str, faults_of(folder))


@pytest.mark.parametrize("value", ["[" * 5000, "[" * 5000 + "]" * 5000, "9" * 5000, "{ a = " * 3000], ids=len)
def test_a_monstrous_value_is_told(folder: Path, value: str):
    change(folder, "version = 1", f"version = {value}")

    assert [fault.what[:16] for fault in faults_of(folder)] == ["This is no TOML:"]


def test_a_missing_file_is_told(tmp_path: Path):
    assert [str(fault) for fault in faults_of(tmp_path / "policy")] == [
        "policy/policy.toml:1: The file cannot be read: No such file or directory. Restore it."
    ]


def test_a_check_that_does_not_exist_is_told_when_the_registry_is_known(folder: Path):
    assert compiled(folder, known_checks={"chat.text_is_sealed"}).clauses["6"].rules[0].checks

    told = faults_of(folder, known_checks={"chat.texts_are_sealed", "pages.name_the_operator"})

    assert [(fault.what, fault.remedy) for fault in told] == [
        ("There is no check 'chat.text_is_sealed'.", "Use chat.texts_are_sealed.")
    ]


def test_the_refusal_names_every_fault_and_is_what_the_command_line_prints(folder: Path):
    change(folder, 'reads = "published"', 'readz = "published"')

    with pytest.raises(ImproperlyConfigured) as refused:
        compiled(folder)

    assert str(refused.value).splitlines() == [
        "The policy is refused.",
        'policy/policy.toml:41: purposes.chat has no reads. Add reads = "…".',
        "policy/policy.toml:44: purposes.chat.readz is unknown. Use reads.",
    ]


def test_the_system_check_tells_the_same(folder: Path, settings: object):
    settings.POLICY = folder
    change(folder, 'reads = "published"', 'readz = "published"')

    told = [(one.id, one.msg, one.hint) for one in checks.check_policy() if "readz" in one.msg]

    assert told == [("guard.E020", "policy/policy.toml:44: purposes.chat.readz is unknown.", "Use reads.")]


def test_a_digest_covers_the_words_of_all_languages_and_the_rules(folder: Path):
    before = compiled(folder).clauses
    change(folder, "30 jours", "31 jours", file="clauses/fr.md")
    words = compiled(folder).clauses
    change(folder, 'awaits = { en = "the legal desk"', 'awaits = { en = "a legal desk"')
    rules = compiled(folder).clauses

    assert before["0"].digest == words["0"].digest == rules["0"].digest
    assert len({before["6"].digest, words["6"].digest, rules["6"].digest}) == 3


def test_layout_comments_and_order_of_keys_are_not_part_of_what_a_policy_says(folder: Path):
    before = compiled(folder)
    text = (folder / "policy.toml").read_text()
    text = text.replace('dpv = "EmailAddress"', "").replace(
        '[categories."user.contact.email"]', "# mail\n[categories.'user.contact.email']\n  dpv='EmailAddress' # first"
    )
    (folder / "policy.toml").write_text(text.replace("\n", "\r\n"))

    assert compiled(folder) == before


def test_the_product_ships_a_policy_that_compiles():
    policy = compiled(settings.POLICY)

    assert list(policy.clauses) == [*map(str, range(11)), "M"]
