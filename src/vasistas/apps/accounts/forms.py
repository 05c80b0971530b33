"""What people type when they join and change what others see."""

from collections.abc import Mapping
from typing import Any, ClassVar

from allauth.account import forms as allauth_forms
from allauth.account.internal.flows.signup import prevent_enumeration
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas.apps.accounts import operations, queries, rules
from vasistas.apps.accounts.models import DISPLAY_NAME_CHARS_MAX, DISPLAY_NAME_CHARS_MIN, Member

PASSWORD_HINT = gettext_lazy("At least 10 characters. A short sentence of your own works well.")


class DisplayNameField(forms.CharField):
    """The name others see: 3 to 24 letters and digits of any script, nobody else's, and not the staff's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": gettext_lazy("Name shown"),
                "help_text": gettext_lazy("3 to 24 letters and digits. This is all that others see of you."),
                # Too long is our sentence below, not the browser's silent cut.
                "widget": forms.TextInput(attrs={"autocomplete": "nickname", "minlength": DISPLAY_NAME_CHARS_MIN}),
                **kwargs,
            }
        )

    def clean(self, value: Any) -> str:
        name: str = " ".join(super().clean(value).split())
        if not rules.has_valid_length(name):
            raise forms.ValidationError(
                _("This name has %(count)d characters; use %(low)d to %(high)d."),
                code="length",
                params={"count": len(name), "low": DISPLAY_NAME_CHARS_MIN, "high": DISPLAY_NAME_CHARS_MAX},
            )
        if not rules.has_valid_signs(name):
            raise forms.ValidationError(
                _("Use letters and digits, with single spaces, dots, hyphens or underscores between them."),
                code="signs",
            )
        if rules.is_staff_lookalike(name, house_names=[settings.SITE_NAME, settings.OPERATOR.name]):
            raise forms.ValidationError(_("This name could be taken for the staff. Choose another."), code="staff")
        return name


class OurWords:
    """Puts our words and autocomplete hints into allauth's forms, and asks for a new password once instead of twice."""

    words: ClassVar[Mapping[str, tuple[Any, Any]]] = {
        "email": (gettext_lazy("Mail address"), ""),
        "login": (gettext_lazy("Mail address"), ""),
        "password": (gettext_lazy("Password"), ""),
        "oldpassword": (gettext_lazy("Password now"), ""),
        "password1": (gettext_lazy("New password"), PASSWORD_HINT),
        "remember": (gettext_lazy("Stay signed in for 14 days on this device"), ""),
        "code": (gettext_lazy("Code"), ""),
        "name": (gettext_lazy("Name"), ""),
    }
    is_numeric: ClassVar = False
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in self.words:
                field.label, field.help_text = self.words[name]
            if name == "code":
                field.widget.attrs |= {
                    "autocomplete": "one-time-code",
                    "autocapitalize": "characters",
                    "spellcheck": "false",
                }
                if self.is_numeric:
                    field.widget.attrs["inputmode"] = "numeric"


class SignupForm(OurWords, allauth_forms.SignupForm):  # type: ignore[misc]  # allauth ships no types
    """Mail, name shown, password; nothing else is asked."""

    words: ClassVar = {
        **OurWords.words,
        "email": (gettext_lazy("Mail address"), gettext_lazy("For signing in. Hosts and other members never see it.")),
        "password1": (gettext_lazy("Password"), PASSWORD_HINT),
    }
    account_already_exists: bool
    display_name = DisplayNameField()
    field_order = ("email", "display_name", "password1")

    def clean_display_name(self) -> str:
        name: str = self.cleaned_data["display_name"]
        if queries.is_name_taken(name):
            raise forms.ValidationError(operations.NameTaken().message, code="taken")
        return name

    def try_save(self, request: HttpRequest) -> tuple[Member | None, HttpResponse | None]:
        """Open the account; for a known address do the same work and show the same page, so that nobody learns it."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])  # the time that hashing takes must not tell the two apart
        else:
            try:
                return super().try_save(request)  # type: ignore[no-any-return]  # allauth ships no types
            except operations.AddressTaken:  # two sign-ups at once
                self.account_already_exists = True
        return None, prevent_enumeration(request, email=self.cleaned_data["email"])


class NameForm(forms.Form):
    """Another name shown, for `member`."""

    display_name = DisplayNameField()

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        self.initial["display_name"] = member.display_name

    def clean_display_name(self) -> str:
        name: str = self.cleaned_data["display_name"]
        if queries.is_name_taken(name, except_for=self.member):
            raise forms.ValidationError(operations.NameTaken().message, code="taken")
        return name


class AddPasskeyForm(webauthn_forms.AddWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's form in our words."""

    name = forms.CharField(
        label=gettext_lazy("Name of this passkey"),
        help_text=gettext_lazy("So that you know it again, for example “Phone” or “Blue key”."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    passwordless = forms.BooleanField(
        label=gettext_lazy("Sign in with it alone, without a password"),
        help_text=gettext_lazy(
            "The device then asks for your finger, face or PIN. Switch this off for a plain security key."
        ),
        required=False,
        initial=True,
    )


def _in_our_words(form: type[Any], **attributes: Any) -> type[Any]:
    return type(form.__name__, (OurWords, form), {"__module__": __name__, **attributes})


LoginForm = _in_our_words(allauth_forms.LoginForm)
RequestLoginCodeForm = _in_our_words(allauth_forms.RequestLoginCodeForm)
ConfirmLoginCodeForm = _in_our_words(allauth_forms.ConfirmLoginCodeForm)
ConfirmEmailVerificationCodeForm = _in_our_words(allauth_forms.ConfirmEmailVerificationCodeForm)
AddEmailForm = _in_our_words(allauth_forms.AddEmailForm)
ChangePasswordForm = _in_our_words(allauth_forms.ChangePasswordForm)
SetPasswordForm = _in_our_words(allauth_forms.SetPasswordForm)
ResetPasswordForm = _in_our_words(allauth_forms.ResetPasswordForm)
ResetPasswordKeyForm = _in_our_words(allauth_forms.ResetPasswordKeyForm)
ReauthenticateForm = _in_our_words(allauth_forms.ReauthenticateForm)
AuthenticateForm = _in_our_words(mfa_forms.AuthenticateForm, is_numeric=True)
MFAReauthenticateForm = _in_our_words(mfa_forms.ReauthenticateForm, is_numeric=True)
ActivateTOTPForm = _in_our_words(totp_forms.ActivateTOTPForm, is_numeric=True)
EditPasskeyForm = _in_our_words(webauthn_forms.EditWebAuthnForm)
