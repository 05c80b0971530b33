"""Mails as they come in: letters, answers, bounces (RFC 3464), complaints (RFC 5965); and speaking SMTP to a port."""

import smtplib

TOKEN = "t" * 43


def letter(text="Hello.", *, sender="Vi <vi@example.org>", subject="A question", headers=(), kind="text/plain"):
    lines = [f"From: {sender}", f"Subject: {subject}", "Message-ID: <1@example.org>", *headers]
    lines += ["MIME-Version: 1.0", f"Content-Type: {kind}; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return ("\r\n".join([*lines, "", text.replace("\n", "\r\n")]) + "\r\n").encode()


def bounce(status="5.1.1", action="failed"):
    return f"""From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; vi@example.org
Action: {action}
Status: {status}

--b
Content-Type: text/rfc822-headers

From: site@cams.example
--b--
""".replace("\n", "\r\n").encode()


def complaint(*, token=TOKEN, kind="abuse", address=""):
    told = f"Original-Rcpt-To: <{address}>\n" if address else ""
    link = f"List-Unsubscribe: <https://cams.example/bulletins/{token}/stop/>\n" if token else ""
    return f"""From: feedback@provider.example
Subject: FW: a bulletin
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Provider/1.0
Version: 1
{told}
--b
Content-Type: message/rfc822

From: site@cams.example
{link}Subject: a bulletin

Hello.
--b--
""".replace("\n", "\r\n").encode()


def deliver(port, raw, *, to, sender="vi@example.org"):
    """Speak SMTP; return the answer to the mail as (code, sentence)."""
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as server:
        server.ehlo("mx.example")
        server.mail(sender)
        code, sentence = server.rcpt(to)
        if code == 250:
            code, sentence = server.data(raw)
        return code, sentence.decode()
