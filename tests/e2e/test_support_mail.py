"""A problem report by mail: it arrives over SMTP, Sam answers in the browser, and the two go on in one conversation."""

import email
import email.policy
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewContext
from tests.e2e.site import Site, await_true

PNG = b"\x89PNG\r\n\x1a\n" + b"lighthouse" * 50
CLEO = "cleo@example.net"


def mailed(site: Site, to: str, text: str, **heads: str) -> EmailMessage:
    """Write as Cleo, by SMTP to the site's mail server."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Cleo <{CLEO}>", to, "The lighthouse is dark"
    for name, value in heads.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if "References" not in heads:
        mail.add_attachment(PNG, maintype="image", subtype="png", filename="lighthouse.png")
    with smtplib.SMTP("127.0.0.1", site.mail_port) as server:
        server.send_message(mail)
    return mail


def answers(site: Site) -> list[Any]:
    """What the site's mail server was given for Cleo, oldest first."""
    raws = [path.read_bytes() for path in sorted((site.data / "demo-mail").glob("*.eml"))]
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws]
    return [mail for mail in mails if mail["To"] == CLEO]


def test_a_mail_is_answered_in_its_conversation(sam: Page, site: Site, new_context: NewContext, pictures: Path) -> None:
    first = mailed(site, "privacy@example.org", "Nothing shines in the lighthouse.", Message_ID="<1@example.net>")
    await_true(lambda: len(answers(site)) == 1, "the receipt is sent")

    sam.goto("/staff/support/")
    sam.screenshot(path=pictures / "desk.png", full_page=True)
    sam.get_by_role("link", name="The lighthouse is dark").click()
    expect(sam.get_by_text("Nothing shines in the lighthouse.")).to_be_visible()
    with sam.expect_download() as download:
        sam.get_by_role("link", name="lighthouse.png").click()
    assert Path(download.value.path()).read_bytes() == PNG
    sam.get_by_role("button", name="Take in hand").click()
    sam.fill("[name=text]", "Have you tried the switch?")
    sam.get_by_role("button", name="Answer by mail").click()
    await_true(lambda: len(answers(site)) == 2, "the answer is sent")
    answer = answers(site)[1]
    assert answer["In-Reply-To"] == first["Message-ID"]
    assert answer["Subject"] == "Re: The lighthouse is dark"
    assert "Have you tried the switch?" in answer.get_content()

    mailed(site, answer["Reply-To"], "It shines again.", References=answer["Message-ID"], Message_ID="<2@example.net>")
    await_true(lambda: _again(sam).get_by_text("It shines again.").count() > 0, "the next mail joined")
    assert sam.get_by_text("Nothing shines in the lighthouse.").is_visible()
    sam.screenshot(path=pictures / "conversation.png", full_page=True)
    send_a_large_picture(new_context, sam)
    assert [path.name for path in site.data.glob("*.sqlite3*") if b"lighthouse" in path.read_bytes()] == []


def _again(page: Page) -> Page:
    page.reload()
    return page


def send_a_large_picture(new_context: NewContext, sam: Page) -> None:
    """By the form, without scripts; in the session that Sam has, for a code of the moment signs in once."""
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/")
    page.get_by_role("link", name="Report a problem").click()
    page.fill("[name=title]", "The lamp is out")
    page.fill("[name=text]", "See the picture.")
    large = PNG + b"x" * 2_000_000  # more than other forms take
    page.set_input_files("[name=attachments]", {"name": "lamp.png", "mimeType": "image/png", "buffer": large})
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="We have it")).to_be_visible()

    sam.goto("/staff/support/")
    sam.get_by_role("link", name="The lamp is out").click()
    with sam.expect_download() as download:
        sam.get_by_role("link", name="lamp.png").click()
    assert Path(download.value.path()).read_bytes() == large
