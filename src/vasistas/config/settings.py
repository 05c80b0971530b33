"""Every setting, from the environment alone (see .env.example); a fresh clone runs with none set."""

import operator
import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from vasistas.config import env, mail, payments, sms
from vasistas.lib.loopback import is_loopback
from vasistas.lib.operator import Operator

# -- Where everything lives ------------------------------------------------------------------------------------------

PACKAGE = Path(__file__).resolve().parent.parent
DATA = Path(env.text("DATA", "data/site")).resolve()  # all that is written lives here
POLICY = Path(env.text("POLICY", str(PACKAGE.parent.parent / "policy"))).resolve()  # the operator's, rules and words
PROVE_AFTER_S = env.integer("PROVE_AFTER_S", 5, low=0, high=86_400)  # who comes with the start goes first
POLICY_IN_FORCE = env.one_of("POLICY_IN_FORCE", "released", ("released", "files"))  # files: for development alone
GATE_MODE = env.one_of("GATE_MODE", "enforce", ("enforce", "observe"))  # observing proves nothing
DEMO = env.flag("DEMO", default=False)
DEBUG = False  # one behaviour everywhere; tracebacks go to the log
PORT = env.integer("PORT", 8000, low=1, high=65_535)

SECRET_KEY = env.secret("SECRET_KEY", data=DATA)
GRANT_KEY = env.secret("GRANT_KEY", data=DATA).encode()  # shared with every media node

PUBLIC_URL = env.text("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in {"http", "https"} or not _public.hostname:
    raise ImproperlyConfigured(
        f"VASISTAS_PUBLIC_URL is {PUBLIC_URL!r}; set it to an address like https://cams.example."
    )
HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = [_public.hostname, "localhost", "127.0.0.1", "[::1]", *env.words("ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if HTTPS else []

# -- Who runs the site: one record, shown on every page and in every mail -------------------------------------------

SITE_NAME = env.text("SITE_NAME", "Vasistas")
OPERATOR = Operator(
    name=env.text("OPERATOR_NAME", "Example Operator S.à r.l."),
    address=env.text("OPERATOR_ADDRESS", "1 rue de l'Exemple, L-1000 Luxembourg"),
    mail=env.text("OPERATOR_MAIL", "privacy@example.org"),
    phone=env.text("OPERATOR_PHONE", "+352 20 00 00 00"),
)

# -- Apps ------------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "vasistas.apps.privacy",
    "vasistas.apps.accounts",
    "vasistas.apps.wallet",
    "vasistas.apps.purchases",
    "vasistas.apps.providers",
    "vasistas.apps.verification",
    "vasistas.apps.rooms",
    "vasistas.apps.shows",
    "vasistas.apps.chat",
    "vasistas.apps.bulletins",
    "vasistas.apps.support",
    "vasistas.apps.safety",
    "vasistas.apps.payouts",
    "vasistas.apps.tips",
    "vasistas.config",
    "vasistas.pages",
    "vasistas.guard",
    "vasistas.guard.reads",
    "vasistas.guard.egress",
    "vasistas.guard.keyring",
    "vasistas.guard.conformance",
    "vasistas.proof",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.humanize",
    "vasistas.guard.apps.StaffAdminConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "vasistas.guard.middleware.GateCookies",  # outermost: no cookie is set behind its back
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "vasistas.pages.middleware.KeepPrivate",
    "vasistas.guard.middleware.StatePurpose",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "vasistas.pages.middleware.SuspendedKeepRights",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "vasistas.pages.middleware.HonourGpc",
    "vasistas.pages.middleware.ShowDomainErrors",
]
ROOT_URLCONF = "vasistas.config.urls"
ASGI_APPLICATION = "vasistas.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "vasistas.pages.context.site",
            ],
        },
    }
]

# -- Data ------------------------------------------------------------------------------------------------------------


_PRAGMAS = "PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;"  # what was erased leaves no bytes in a page


def _database(url: str, *, file: Path, pragmas: str = _PRAGMAS) -> dict[str, object]:
    """`sqlite:` (the file) or `postgresql://user:password@host:port/name`."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": file,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",  # a reader never upgrades half-way: no SQLITE_BUSY in mid-write
                "timeout": 30,  # seconds for the writer's lock: longer than a check on a slow machine holds it
                "init_command": f"PRAGMA journal_mode=WAL; {pragmas}",
            },
        }
    if parts.scheme in {"postgresql", "postgres"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 20}} if "pytest" not in sys.modules else {},
        }
    raise ImproperlyConfigured(
        "VASISTAS_DATABASE_URL or VASISTAS_KEYS_DATABASE_URL is not understood; "
        "set it to sqlite: or postgresql://user@host/name."
    )


DATABASES = {
    "default": _database(env.text("DATABASE_URL", "sqlite:"), file=DATA / "site.sqlite3")
    | {"TEST": {"DEPENDENCIES": ["keys"]}},
    "keys": _database(
        env.text("KEYS_DATABASE_URL", "sqlite:"),
        file=DATA / "keys" / "keyring.sqlite3",
        pragmas="PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",  # none lost by a power cut, none left in a page
    )
    | {"TEST": {"DEPENDENCIES": [], "MIGRATE": False}},  # one table each; the tests of the keyring migrate it
}
DATABASE_ROUTERS = ["vasistas.guard.keyring.router.KeysApart"]
ROOT_KEY = env.text("ROOT_KEY", "file:")  # wraps every key of the key store; see vasistas.guard.keyring.root
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100_000}}}
if _redis := env.text("REDIS_URL", ""):
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _redis}}
MEDIA_ROOT = DATA / "uploads"
MEDIA_URL = "uploads/"
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes of one request body that is not a file
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [PACKAGE / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "vasistas.config.staticfiles.HashedStaticFiles"},
}

# -- Accounts (details beside the app: docs/apps/accounts.md) --------------------------------------------------------

AUTH_USER_MODEL = "accounts.Member"
AUTHENTICATION_BACKENDS = ["vasistas.apps.accounts.adapter.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "pages:home"
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")  # keys of the past: sessions and second factors stay readable

# Limits count REMOTE_ADDR, which uvicorn sets from the proxies named in VASISTAS_TRUSTED_PROXIES and from no others.
ACCOUNT_ADAPTER = "vasistas.apps.accounts.adapter.AccountAdapter"
_FORMS = "vasistas.apps.accounts.forms"
ACCOUNT_FORMS = {
    "login": f"{_FORMS}.LoginForm",
    "signup": f"{_FORMS}.SignupForm",
    "add_email": f"{_FORMS}.AddEmailForm",
    "change_password": f"{_FORMS}.ChangePasswordForm",
    "set_password": f"{_FORMS}.SetPasswordForm",
    "reset_password": f"{_FORMS}.ResetPasswordForm",
    "reset_password_from_key": f"{_FORMS}.ResetPasswordKeyForm",
    "reauthenticate": f"{_FORMS}.ReauthenticateForm",
    "request_login_code": f"{_FORMS}.RequestLoginCodeForm",
    "confirm_login_code": f"{_FORMS}.ConfirmLoginCodeForm",
    "confirm_email_verification_code": f"{_FORMS}.ConfirmEmailVerificationCodeForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = operator.attrgetter("display_name")
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # and the name shown, in our form
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True  # typed on any device; mail scanners cannot use it up
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60  # seconds
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True  # one address; the new one replaces it once proven
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "signup": "20/m/ip", "reset_password": "20/m/ip,5/m/key"}
MFA_ADAPTER = "vasistas.apps.accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": f"{_FORMS}.AuthenticateForm",
    "reauthenticate": f"{_FORMS}.MFAReauthenticateForm",
    "activate_totp": f"{_FORMS}.ActivateTOTPForm",
    "add_webauthn": f"{_FORMS}.AddPasskeyForm",
    "edit_webauthn": f"{_FORMS}.EditPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # periods of 30 s either way: telephones' clocks drift

# -- Payments: docs/payments.md ----------------------------------------------------------------------------------------

_loopback = all(is_loopback(host) for host in (env.text("BIND", "127.0.0.1"), _public.hostname))
PAYMENT_PROVIDERS = payments.enabled(is_private=DEMO or _loopback)  # see vasistas.config.payments
SANDBOX_PAYMENTS_URL = env.text(  # where browsers and the site find the sandbox; another host, so without our cookies
    "SANDBOX_PAYMENTS_URL", f"http://127.0.0.1:{env.integer('SANDBOX_PORT', 8003, low=1, high=65_535)}"
)
PAYMENT_ACCOUNTS = payments.accounts(PAYMENT_PROVIDERS, data=DATA, sandbox_url=SANDBOX_PAYMENTS_URL)
PAYMENT_PAGES = payments.pages(PAYMENT_ACCOUNTS)

# -- Security --------------------------------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "blob:", "data:"],
    "media-src": [CSP.SELF, "blob:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF, *PAYMENT_PAGES],  # a browser checks where a form is led on to
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
COOKIE_FAULTS_RAISE = False  # tests raise; a site drops the cookie, counts and logs
SESSION_ENGINE = "vasistas.guard.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600  # seconds
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "vasistas.pages.views.csrf_refused"

# -- Words -----------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # one more with each catalogue in locale/
LOCALE_PATHS = [PACKAGE / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# -- Mail ------------------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = f"{SITE_NAME} <{OPERATOR.mail}>"
MAIL_SINK_PORT = env.integer("MAIL_SINK_PORT", 0, low=0, high=65_535) if DEMO else 0  # 0: the demo's does not run
MAIL_PROVIDER = mail.provider(is_demo=DEMO)  # sends by its API in place of SMTP
MAILERS = {"default": mail.mailer(MAIL_PROVIDER, sink_port=MAIL_SINK_PORT, is_demo=DEMO)}
MAIL_TRACKING = mail.tracking(MAIL_PROVIDER, data=DATA)  # what its messages about our mails are verified with
SENDER_NAME = env.text("SENDER_NAME", SITE_NAME)  # whom bulletins come from: shown on lock screens, so a neutral name
MAIL_IN_DOMAIN = env.text("MAIL_IN_DOMAIN", "").lower()  # whose mails reach our receiver; "": none do
# What happens while nobody of the moderation is on duty: no new broadcast; those of hosts we know; or all.
NOBODY_ON_DUTY = env.one_of("NOBODY_ON_DUTY", "open" if DEMO else "closed", ("closed", "restricted", "open"))
MAIL_AUTHSERV_ID = env.text(
    "MAIL_AUTHSERV_ID", ""
).lower()  # how our mail server signs Authentication-Results (RFC 8601)
MAIL_IN_PORT = env.integer("MAIL_IN_PORT", 0, low=0, high=65_535)  # of the receiver; 0: it does not run
MAIL_IN_IMAP = mail.mailbox()  # a mailbox elsewhere, whose mails are fetched; None: there is none
MAIL_COMES_IN = bool(
    MAIL_IN_PORT or MAIL_SINK_PORT or MAIL_IN_IMAP
)  # whether what is written to the operator reaches this software
if MAIL_IN_PORT and not MAIL_IN_DOMAIN:
    raise ImproperlyConfigured("VASISTAS_MAIL_IN_PORT needs VASISTAS_MAIL_IN_DOMAIN: whose mails shall it take?")
SMS_PROVIDER = sms.provider(is_demo=DEMO, is_private=DEMO or _loopback)  # docs/sms.md
SMS_ACCOUNT = sms.account(SMS_PROVIDER, public_url=PUBLIC_URL)

# -- Hosts -----------------------------------------------------------------------------------------------------------

HOSTS_MUST_VERIFY = env.flag("HOSTS_MUST_VERIFY", default=not DEMO)  # nobody broadcasts whom staff has not cleared

# -- Money: whole minor units of one currency ---------------------------------------------------------------------

CURRENCY = env.one_of("CURRENCY", "EUR", ("EUR", "USD", "GBP", "CHF"))
CREDIT_MINOR = env.integer("CREDIT_MINOR", 10, low=1, high=10_000)  # minor units in a credit; credits are for the eye
PLATFORM_SHARE_PERCENT = env.integer("PLATFORM_SHARE_PERCENT", 30, low=0, high=90)
PAYOUT_MIN_MINOR = env.integer("PAYOUT_MIN_MINOR", 5_000, low=1, high=1_000_000)  # minor units; less rolls over
PAYOUT_IBAN = env.text("PAYOUT_IBAN", "LU280019400644750000" if DEMO else "")  # the account payouts are paid from
PAYOUT_BIC = env.text("PAYOUT_BIC", "")
OPERATOR_COUNTRY = env.text("OPERATOR_COUNTRY", "LU").upper()  # where the operator is established, ISO 3166-1
OPERATOR_VAT_NUMBER = env.text("OPERATOR_VAT_NUMBER", "")
VAT_PERCENT = env.integer("VAT_PERCENT", 17, low=0, high=30)  # of that country, on what its hosts supply
PURCHASE_MIN_MINOR = env.integer("PURCHASE_MIN_MINOR", 500, low=1, high=1_000_000)
PURCHASE_MAX_MINOR = env.integer("PURCHASE_MAX_MINOR", 50_000, low=1, high=10_000_000)  # what is sold at once
PURCHASE_PACKS_MINOR = env.integers("PURCHASE_PACKS_MINOR", (1000, 2500, 5000, 10_000))
if not all(PURCHASE_MIN_MINOR <= pack <= PURCHASE_MAX_MINOR for pack in PURCHASE_PACKS_MINOR):
    raise ImproperlyConfigured(
        "VASISTAS_PURCHASE_PACKS_MINOR names an amount that is not sold; keep each between "
        "VASISTAS_PURCHASE_MIN_MINOR and VASISTAS_PURCHASE_MAX_MINOR."
    )

# -- Media -----------------------------------------------------------------------------------------------------------

MEDIA_NODE_URL = env.text(
    "MEDIA_NODE_URL", f"http://127.0.0.1:{env.integer('MEDIA_CONTROL_PORT', 8001, low=1, high=65_535)}"
)
MEDIA_PORT_ADAPTER = env.text("MEDIA_PORT_ADAPTER", "vasistas.media.node_client.NodeClient")

# -- Logs: fields, not sentences; never personal data ------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "vasistas.lib.logs.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("VASISTAS_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "fontTools": {"level": "WARNING"},  # it tells the letters of who stands on a paper
        "fpdf": {"level": "ERROR"},  # likewise, of letters that its typeface lacks
        "fido2": {"level": "WARNING"},  # it tells which passkey signed in
        "httpx": {"level": "WARNING"},
        "mail": {"level": "CRITICAL"},  # aiosmtpd: it tells who writes to whom, and from where
        "stripe": {"level": "WARNING"},  # it tells each address it asks
        "uvicorn": {"level": "WARNING"},
    },
}
