"""What libraries bring: their models, declared when the guard app is ready, and the purposes of their views."""

from django.urls import ResolverMatch

from vasistas.guard.declarations import declare, derived, found_by, not_personal, personal, sealed

_PATH = derived("the path to the person")

declare("accounts.Member_groups", "member__subject", member=_PATH, group=not_personal("a role"))
declare("accounts.Member_user_permissions", "member__subject", member=_PATH, permission=not_personal("a role"))
declare(
    "auth.Permission", None, name=not_personal("code"), content_type=not_personal("code"), codename=not_personal("code")
)
declare("auth.Group", None, name=not_personal("a role"))
declare("auth.Group_permissions", None, group=not_personal("a role"), permission=not_personal("a role"))
declare("contenttypes.ContentType", None, app_label=not_personal("code"), model=not_personal("code"))
declare(
    "sessions.Session",
    found_by("the UserSession of the same session_key; a session nobody signed in to belongs to no subject"),
    session_key=personal("user.authorization.credentials", keep="session"),
    session_data=personal("user.device.cookie_data", keep="session"),
    expire_date=not_personal("an expiry"),
)
declare(
    "admin.LogEntry",
    "user__subject",
    action_time=personal("user.account.activity", keep="staff_journal"),
    user=_PATH,
    content_type=not_personal("code"),
    object_id=not_personal("an id"),
    object_repr=personal("user.account.activity", keep="staff_journal"),  # every __str__ names an id
    action_flag=not_personal("code"),
    change_message=personal("user.account.activity", keep="staff_journal"),
)
declare(
    "account.EmailAddress",
    "user__subject",
    user=_PATH,
    row_key=not_personal("random; binds what is sealed to its row"),
    email=derived("email_sealed: a blind index"),
    email_sealed=sealed("user.contact.email", keep="account_life", key_class="identity"),
    verified=not_personal("a state"),
    primary=not_personal("a state"),
)
declare(
    "account.EmailConfirmation",
    "email_address__user__subject",
    email_address=_PATH,
    created=not_personal("a time"),
    sent=not_personal("a time"),
    key=personal("user.authorization.credentials", keep="confirmation"),
)
declare(
    "mfa.Authenticator",
    "user__subject",
    user=_PATH,
    type=not_personal("a kind"),
    data=personal(
        "user.authorization.credentials",
        keep="account_life",
        schema={
            "secret": "the secret of an authenticator app, encrypted",
            "seed": "the seed of the recovery codes, encrypted",
            "migrated_codes": "recovery codes of an earlier system, encrypted",
            "used_mask": "which recovery codes were used",
            "viewed_at": "when the recovery codes were shown",
            "name": "the name given to a passkey",
            "credential": "the public key of a passkey",
        },
    ),
    created_at=personal("user.account.activity", keep="account_life"),
    last_used_at=personal("user.account.activity", keep="account_life"),
)
declare(
    "usersessions.UserSession",
    "user__subject",
    user=_PATH,
    created_at=personal("user.account.activity", keep="session"),
    ip=personal("user.device.ip_address", keep="session_address"),
    last_seen_at=personal("user.account.activity", keep="session"),
    session_key=personal("user.authorization.credentials", keep="session"),
    user_agent=personal("user.device.user_agent", keep="session"),
    data=personal("user.device", keep="session", schema={"*": "nothing is put there today"}),
)

# -- Why their views touch personal data: by name space, or by the beginning of the name -------------------------------

_BY_NAMESPACE = {"admin": "staff"}
_BY_BEGINNING = {"account_": "account", "mfa_": "account", "usersessions_": "account"}


def purpose_of(match: ResolverMatch | None) -> str | None:
    """Return the purpose of a library's view, or None for a view of ours, which states its own."""
    if match is None:
        return None
    if match.namespaces:
        return _BY_NAMESPACE.get(match.namespaces[0])
    name = match.url_name or ""
    return next((purpose for beginning, purpose in _BY_BEGINNING.items() if name.startswith(beginning)), None)
