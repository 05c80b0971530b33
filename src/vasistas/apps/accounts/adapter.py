"""Our answers to the questions that django-allauth leaves open. Source: docs/decisions/0005-accounts-on-allauth.md."""

import base64
import logging
import os
import secrets
from datetime import timedelta
from typing import Any, ClassVar

from allauth.account import auth_backends
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas.apps.accounts import operations, queries
from vasistas.apps.accounts.events import AddressProven
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations as privacy
from vasistas.guard.egress.door import TransferRefused
from vasistas.guard.purposes import processing
from vasistas.lib import events

BROWSER_COOKIE = "known_browser"
BROWSER_KEPT = timedelta(days=180)  # retention `known_browser` of the policy
BROWSER_TOKEN_BYTES = 32
BROWSER_TOKEN_CHARS = 43  # the same in base64, without padding
ALERTS_PER_HOUR_MAX = 5  # of one member: new browsers beyond these are noted, and told by no mail
SEALED_PREFIX = "v1:"
NONCE_BYTES = 12  # RFC 5116: AES-GCM

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Accounts are opened by our operation; mails carry the operator's identity and the site's public address."""

    error_messages: ClassVar = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": gettext_lazy("This account is closed."),
        "duplicate_email": gettext_lazy("This is your address already."),
        "email_password_mismatch": gettext_lazy("Mail address and password do not fit together. Check both."),
        "email_taken": gettext_lazy("This address belongs to another account. Use another one."),
        "enter_current_password": gettext_lazy("This is not your password. Type the one you have now."),
        "incorrect_code": gettext_lazy("This code is wrong. Compare it with the mail, and type it again."),
        "incorrect_password": gettext_lazy("This password is wrong. Type it again."),
        "invalid_password_reset": gettext_lazy("This link has expired. Get a new one."),
        "rate_limited": gettext_lazy("That was tried too often. Wait a minute, then try again."),
        "too_many_login_attempts": gettext_lazy(
            "That was tried too often. Wait five minutes, or use a passkey or a code by mail."
        ),
    }

    def pre_login(self, request: HttpRequest, user: Member, **options: Any) -> HttpResponse | None:
        """A suspended member signs in as everyone does, second factor included, and then reaches what is theirs by
        right alone: pages.middleware.SuspendedKeepRights.
        """
        if not user.is_active:
            return None
        answer: HttpResponse | None = super().pre_login(request, user, **options)
        return answer

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if not getattr(request.user, "is_active", True):
            return reverse("pages:requests")
        return str(super().get_login_redirect_url(request))

    def save_user(self, request: HttpRequest, user: Member, form: BaseForm, commit: bool = True) -> Member:  # noqa: ARG002, FBT001, FBT002 — allauth's signature
        return operations.open_account(
            email=form.cleaned_data["email"],
            display_name=form.cleaned_data["display_name"],
            password=form.cleaned_data["password1"],
        )

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """A proven address that replaces another is a correction: kept, and told to recipients, with the change."""
        member, before = email_address.user, email_address.user.email
        with transaction.atomic():
            is_done: bool = super().confirm_email(request, email_address)
            if is_done:
                after, at = email_address.email, timezone.now()
                privacy.note_correction(row=member, field="email_sealed", before=before, after=after, at=at)
                events.publish(AddressProven(member.subject_id, at))
        return is_done

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMessage:
        site = {"site_name": settings.SITE_NAME, "operator": settings.OPERATOR, "public_url": settings.PUBLIC_URL}
        mail: EmailMessage = super().render_mail(template_prefix, email, {**site, **context}, headers)
        return mail

    def format_email_subject(self, subject: str) -> str:
        """Neutral: the subject shows on lock screens, so it names neither the site's content nor the person."""
        return subject

    def get_reset_password_from_key_url(self, key: str) -> str:
        """From the settings, not from the request: a forged Host header must not steer the link in somebody's mail."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.PUBLIC_URL}{path.replace('UID-KEY', key)}"

    def login(self, request: HttpRequest, user: Member) -> None:
        vars(user)["is_first_sign_in"] = user.last_login is None  # which signing in is about to change
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: Member, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        token = request.COOKIES.get(BROWSER_COOKIE, "")
        if len(token) != BROWSER_TOKEN_CHARS or not token.isascii():
            token = secrets.token_urlsafe(BROWSER_TOKEN_BYTES)
        is_new, of_the_hour = operations.remember_browser(member=user, token=token, at=timezone.now())
        _give_token(response, token)
        is_first = vars(user).get("is_first_sign_in", False)  # nobody needs to be told of that one
        is_told = is_new and not is_first and of_the_hour <= ALERTS_PER_HOUR_MAX
        if is_told and queries.has_login_alerts(user):
            self.send_notification_mail("accounts/email/new_browser", user)
        return response

    def send_notification_mail(self, template_prefix: str, user: Member, *args: Any, **kwargs: Any) -> None:
        """Keeps nobody from signing in or from ending a session: a mail that cannot be sent is logged."""
        try:
            super().send_notification_mail(template_prefix, user, *args, **kwargs)
        except (OSError, TransferRefused) as error:
            logger.error("accounts.alert_not_sent error=%s", type(error).__name__)  # noqa: TRY400 — a traceback could name an address

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 — allauth's signature
        return reverse("pages:security")


class AuthenticationBackend(auth_backends.AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    """`request.user` is looked up wherever it is first asked for, under the purpose of the account alone."""

    get_user = processing("account")(auth_backends.AuthenticationBackend.get_user)
    authenticate = processing("account")(auth_backends.AuthenticationBackend.authenticate)

    def user_can_authenticate(self, user: Member) -> bool:  # noqa: ARG002 — Django's signature
        """A suspended member too: see AccountAdapter.pre_login."""
        return True


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Secrets of second factors rest encrypted: a stolen database alone signs nobody in."""

    error_messages: ClassVar = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("This code is wrong, or was used already. Wait for the next one."),
        "unverified_email": gettext_lazy("Confirm your mail address first."),
    }

    def encrypt(self, text: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + AESGCM(_key(settings.SECRET_KEY)).encrypt(nonce, text.encode(), None)
        return SEALED_PREFIX + base64.urlsafe_b64encode(sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        if not encrypted_text.startswith(SEALED_PREFIX):
            raise ImproperlyConfigured("A second factor is stored in clear; set it up again.")
        sealed = base64.urlsafe_b64decode(encrypted_text.removeprefix(SEALED_PREFIX))
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            try:
                return AESGCM(_key(secret)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()
            except InvalidTag:
                continue
        raise ImproperlyConfigured(
            "A second factor was stored under another SECRET_KEY; add it to SECRET_KEY_FALLBACKS."
        )

    def get_totp_issuer(self) -> str:
        return str(settings.SITE_NAME)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": settings.SITE_NAME}

    def generate_authenticator_name(self, user: Member, type: Authenticator.Type) -> str:  # noqa: A002 — allauth's signature
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1}


def _give_token(response: HttpResponseBase, token: str) -> None:
    """Let a browser be known again: sent to the pages of signing in alone, read by no script, and no fingerprint."""
    response.set_cookie(
        BROWSER_COOKIE,
        token,
        max_age=BROWSER_KEPT,
        path=reverse("account_login").removesuffix("login/"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _key(secret: str) -> bytes:
    hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"vasistas.accounts.second_factor")
    return hkdf.derive(secret.encode())
