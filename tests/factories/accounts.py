"""Members of the cast. Each call makes one person with a verified address and a password that works."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP

from vasistas.apps.accounts.models import Member

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "a window in the door"


def make_member(name: str = "Vi", **over: Any) -> Member:
    """Make a member `name` who can sign in as `<name>@example.org` with PASSWORD.

    `over`: other fields of Member, `password=None` for a member without one, `verified=False` for an unproven address,
    `second_factor`: an authenticator app with TOTP_SECRET; staff have one unless told otherwise.
    """
    verified = over.pop("verified", True)
    email = over.pop("email", f"{name.lower().replace(' ', '.')}@example.org")
    has_second_factor = over.pop("second_factor", over.get("is_staff", False))
    member = Member.objects.create_user(email, name, over.pop("password", PASSWORD), **over)
    EmailAddress.objects.create(user=member, email=email, primary=True, verified=verified)
    if has_second_factor:
        TOTP.activate(member, TOTP_SECRET)
    return member
