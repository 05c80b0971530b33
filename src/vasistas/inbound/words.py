"""What somebody wrote themselves in an answer, and whether it refuses. English, French, German."""

import re

LINES_MAX = 5_000  # of a text; what is beneath is not read
RIGHTS_CHARS_MAX = 20_000  # of a mail that are looked at for what it asks
ATTRIBUTION_LINES_MAX = 3  # mail programs wrap "On Monday … wrote:"

_ANSWERING = re.compile(r"\s*(re|aw|sv|tr|fw|fwd|wg|antw|rép|ref)\s*(\[\d+\])?\s*:", re.IGNORECASE)
_ATTRIBUTION = re.compile(
    r"(on|le|am|il|el)\b.{3,300}\b(wrote|a écrit|schrieb|ha scritto|escribió)\b.{0,100}:", re.IGNORECASE
)
_RULE = re.compile(
    r"_{10,}$|-{2,}\s*(original message|message d['’]origine|ursprüngliche nachricht|forwarded message)", re.IGNORECASE
)
_FROM = re.compile(r"\*?(from|de|von)\s?:", re.IGNORECASE)
_SENT = re.compile(r"\*?(sent|date|envoyé|gesendet|datum|to|à|an|subject|objet|betreff)\s?:", re.IGNORECASE)
_NO_LETTER = re.compile(r"[^\w' -]+")

# A whole line, or a whole subject, that is one of these refuses.
_COMMAND = re.compile(
    "stopp?|stop ?all|unsubscribe( me)?|remove( me)?|cancel|end|quit|opt[ -]?out|no more|arr[êe]t|arrête[rz]|fin|"
    "désabonne(r|ment)|désinscription|désinscrire|abmelden|abbestellen|austragen"
)
_POLITE = re.compile(r"\b(please|pls|thanks|thank you|now|merci|svp|s'il vous plaît|bitte|danke)\b", re.IGNORECASE)
# Anywhere in what somebody wrote.
_PHRASES = re.compile(
    r"\bunsubscrib|\bun-subscrib|d[ée]sabonn|d[ée]sinscri|\bdésinscr|\babbestell|\babmeld|\bopt(ing)?[ -]?(me )?out\b"
    r"|\b(remove|delete|take) me (from|off)\b"
    r"|\bstop (sending|writing|mailing|e-?mailing|messaging|bothering|spamming|all|any|these|this|the|your)\b"
    r"|\b(object|objection|objecting)\b.{0,80}\b(marketing|advert\w*|mailing|newsletters?|bulletins?)\b"
    r"|\bno (more|further) (e-?mails?|mails?|letters?|messages?|bulletins?|newsletters?|advert\w*|marketing)\b"
    r"|\b(do not|don't|never) (want|wish|like)\b.{0,60}\b(mails?|letters?|bulletins?|newsletters?|advert\w*)\b"
    r"|\b(do not|don't|never) (e-?mail|write|contact|send) (to )?me\b"
    r"|\boppos\w*\b.{0,80}\b(publicit\w*|prospection|marketing|démarchage)"
    r"|\bne\b.{0,20}\b(plus|pas)\b.{0,40}\b(recevoir|envoyer|écrire)"
    r"|\bplus (de|aucune?) (publicit\w*|mails?|courriels?|lettres?)\b"
    r"|\bwiderspr\w*\b.{0,80}\bwerb|\bwerbewiderspruch|\bkeine\b.{0,30}\b(werbung|newsletter|mails?)\b"
    r"|\bcease (and desist|sending|contacting)",
    re.IGNORECASE,
)
# Who asks how, or says that it is not meant.
_NOT_MEANT = re.compile(
    r"\b(do not|don't|dont|never|not|ne|pas|nicht) (want to |wish to |)(unsubscrib\w*|désabonn\w*)\b", re.IGNORECASE
)

# What asks for a right, by the kind of request. An erasure is asked for of an account or of data, not of a broken line.
_THEIRS = r"\b(my|mine|mes|mon|ma|meine[rns]?|all|toutes?|alle)\b.{0,30}\b"
_DATA = r"(data|information|account|profile|donn[ée]es|compte|profil|daten|konto)"
_USE = r"\b(processing|traitement|verarbeitung|use of my data)\b"
RIGHTS = {
    "erasure": (
        rf"\b(delete|erase|remove|destroy|close|supprim\w*|effac\w*|cl[ôo]tur\w*|l[öo]sch\w*)\b.{{0,40}}{_THEIRS}{_DATA}",
        r"\bright to (erasure|be forgotten)|droit à l['’](effacement|oubli)",
        rf"\b{_DATA}\b.{{0,30}}\bl[öo]schen",
    ),
    "access": (
        rf"\b(copy|access|extract|overview|copie|acc[èe]s|auskunft|kopie)\b.{{0,40}}{_THEIRS}{_DATA}",
        r"\b(subject )?access request|\bright of access|droit d['’]acc[èe]s|\bauskunft\b.{0,60}\b(dsgvo|daten|art)",
        r"\bwhat\b.{0,40}\byou (know|hold|have|store|keep)\b.{0,20}\b(about|on|of) me\b",
    ),
    "correction": (
        rf"\b(correct|rectif\w*|berichtig\w*)\b.{{0,40}}{_THEIRS}{_DATA}",
        r"\bright to rectification",
    ),
    "portability": (r"\bdata portability|\bportabilit[ée]\b|\bdaten[üu]bertragbarkeit",),
    "restriction": (rf"\b(restrict|limit\w*|einschr[äa]nk\w*)\b.{{0,30}}{_USE}",),
    "objection": (rf"\b(object|oppose|m['’]oppose|widersprech\w*|widerspruch)\b.{{0,40}}{_USE}",),
}
_RIGHTS = {kind: re.compile("|".join(patterns), re.IGNORECASE) for kind, patterns in RIGHTS.items()}


def right_asked(*, subject: str, text: str) -> str:
    """Which right somebody asks for (GDPR Art. 15 to 21), by what they wrote themselves; "" for none. A word too many
    makes a request that staff closes; a word too few would let a month run by.
    """
    said = " ".join(f"{subject} . {text}".split())[:RIGHTS_CHARS_MAX]
    return next((kind for kind, pattern in _RIGHTS.items() if pattern.search(said)), "")


def own(text: str) -> str:
    """What somebody wrote themselves: without what they quote, and without a signature behind "-- "."""
    lines, kept = text.splitlines()[:LINES_MAX], []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if lines[at].rstrip("\r") == "-- " or _RULE.match(line) or _is_header(lines, at):
            break
        quoting = _attribution(lines, at)
        if quoting:
            if not _goes_on_quoted(lines, at + quoting):
                break
            at += quoting
            continue
        if not line.startswith((">", "|")):
            kept.append(line)
        at += 1
    return "\n".join(kept).strip()


def refuse(*, subject: str, text: str) -> bool:
    """Whether a mail refuses bulletins or advertising. text: what its sender wrote. The subject of an answer is ours,
    and counts only where it is nothing but a word that refuses.
    """
    bare = subject
    while found := _ANSWERING.match(bare):
        bare = bare[found.end() :]
    lines = [line for line in text.splitlines() if line.strip()]
    if any(_is_command(line) for line in (bare, *lines[:1], *lines[-1:])):
        return True
    said = " ".join(text.split())
    if bare == subject:
        said = f"{' '.join(subject.split())} . {said}"
    return bool(_PHRASES.search(_NOT_MEANT.sub(" ", said.replace("’", "'"))))


def _is_command(line: str) -> bool:
    if len(line) > 100:  # noqa: PLR2004 — characters; a command is a word or two
        return False
    plain = _POLITE.sub(" ", _NO_LETTER.sub(" ", line.replace("’", "'").casefold()))
    return bool(_COMMAND.fullmatch(" ".join(plain.split())))


def _is_header(lines: list[str], at: int) -> bool:
    """Whether a quoted mail begins here as Outlook writes it: From, and Sent or To beneath."""
    return bool(_FROM.match(lines[at].strip())) and any(_SENT.match(line.strip()) for line in lines[at + 1 : at + 3])


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here say that somebody wrote what follows; 0: none."""
    for count in range(1, ATTRIBUTION_LINES_MAX + 1):
        joined = " ".join(line.strip() for line in lines[at : at + count])
        if joined.endswith(":") and _ATTRIBUTION.fullmatch(joined):
            return count
    return 0


def _goes_on_quoted(lines: list[str], at: int) -> bool:
    following = next((line.strip() for line in lines[at:] if line.strip()), "")
    return following.startswith(">")
