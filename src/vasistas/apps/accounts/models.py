"""Members: who can sign in. What they do elsewhere lives in the apps above."""

import functools
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.utils import timezone

from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import Subject
from vasistas.guard.addresses import AddressField, AddressRow, SealedAddress
from vasistas.guard.declarations import declare, derived, not_personal, personal, sealed
from vasistas.lib import lookalikes

DISPLAY_NAME_CHARS_MIN = 3
DISPLAY_NAME_CHARS_MAX = 24
SECOND_FACTORS = ("totp", "webauthn")  # kinds of mfa.Authenticator
BROWSER_HASH_CHARS = 64  # SHA-256 in hex
NAME_KEY_CHARS_MAX = 4 * DISPLAY_NAME_CHARS_MAX  # one sign may unfold into several (ﬃ)


# All that pages and rules need of a member for other people's eyes: no address, no password, no times.
SHOWN = ("subject", "display_name", "is_staff", "is_active")


def shown_of(path: str) -> list[str]:
    """The fields SHOWN of the member at the end of a look-up path, for `only()`."""
    return [f"{path}__{name}" for name in SHOWN]


class MemberManager(BaseUserManager["Member"]):
    def shown(self) -> models.QuerySet["Member"]:
        """Members with SHOWN alone; another field raises instead of being loaded."""
        return self.only(*SHOWN).fetch_mode(models.FETCH_RAISE)

    def create_user(self, email: str, display_name: str, password: str | None = None, **fields: Any) -> "Member":
        """Create a member with their subject; `email` is stored in lower case. Sends nothing, verifies nothing."""
        now = timezone.now()
        member = self.model(
            email=email,
            display_name=display_name,
            name_key=lookalikes.key(display_name),
            subject=privacy.create_subject(kind=Subject.Kind.MEMBER, at=now),
            date_joined=now,
            **fields,
        )
        member.set_password(password)
        member.save(using=self._db)
        return member

    def create_superuser(self, email: str, display_name: str, password: str | None = None, **fields: Any) -> "Member":
        """Create an operator's account. Whoever runs this command owns the machine: the address counts as verified."""
        from allauth.account.models import EmailAddress  # noqa: PLC0415 — allauth's models need ours first

        with transaction.atomic(using=self._db):
            member = self.create_user(email, display_name, password, is_staff=True, is_superuser=True, **fields)
            EmailAddress.objects.create(user=member, email=member.email, primary=True, verified=True)
        return member

    def get_by_natural_key(self, username: str | None) -> "Member":
        return self.get(email__iexact=username)


class Member(AddressRow, AbstractBaseUser, PermissionsMixin):
    """Someone with an account. `display_name` is the only thing others see; the address rests sealed."""

    subject = models.OneToOneField(Subject, on_delete=models.PROTECT, related_name="member")
    email = AddressField(unique=True, db_column="email_index")
    email_sealed = SealedAddress()
    display_name = models.CharField(max_length=DISPLAY_NAME_CHARS_MAX)
    name_key = models.CharField(
        max_length=NAME_KEY_CHARS_MAX, unique=True
    )  # lib.lookalikes: no two names read the same
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["display_name"]

    objects: ClassVar[MemberManager] = MemberManager()  # type: ignore[assignment]  # SealedRow brings another

    @functools.cached_property
    def acts_as_staff(self) -> bool:
        """Whether the powers of staff are theirs: the role gives none without a second factor. One query, for staff."""
        factors = self.authenticator_set.filter(type__in=SECOND_FACTORS)  # type: ignore[attr-defined]  # of allauth
        return self.is_staff and factors.exists()

    def __str__(self) -> str:
        return f"member {self.pk}"  # goes to logs and the staff's journal; pages show display_name

    def get_short_name(self) -> str:
        return self.display_name


declare(
    "accounts.Member",
    "subject",
    subject=derived("the path itself"),
    row_key=not_personal("random; binds what is sealed to its row"),
    email=derived("email_sealed: a blind index"),
    email_sealed=sealed("user.contact.email", keep="account_life", key_class="identity"),
    display_name=personal("user.account.username", keep="account_life"),
    name_key=derived("display_name"),
    password=personal("user.authorization.credentials", keep="account_life"),
    last_login=personal("user.account.activity", keep="account_life"),
    date_joined=personal("user.account.activity", keep="account_life"),
    is_staff=not_personal("a role"),
    is_superuser=not_personal("a role"),
    is_active=not_personal("a switch"),
)


class KnownBrowser(models.Model):
    """A browser that signed in as a member before. It carries a random token in a cookie; what stands here is a hash of
    the token and the member together, so that two members' rows of one browser cannot be linked.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=BROWSER_HASH_CHARS)
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "token_hash"], name="accounts_known_browser_once")
        ]

    def __str__(self) -> str:
        return f"known browser {self.pk}"


class LoginAlertsOff(models.Model):
    """That a member wants no mail about a sign-in from a browser not seen before. No row: they get it."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    class Meta:
        verbose_name = "login alerts switched off"
        verbose_name_plural = "login alerts switched off"

    def __str__(self) -> str:
        return f"login alerts off {self.pk}"


_MEMBER = derived("the path to the person")
declare(
    "accounts.KnownBrowser",
    "member__subject",
    member=_MEMBER,
    token_hash=personal("user.device.cookie_data", keep="known_browser"),
    made_at=personal("user.account.activity", keep="known_browser"),
    seen_at=personal("user.account.activity", keep="known_browser"),
)
declare(
    "accounts.LoginAlertsOff",
    "member__subject",
    member=_MEMBER,
    since=personal("user.account.activity", keep="account_life"),
)
