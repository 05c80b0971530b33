"""Who in the product can open a connection at all, read off the source: a new one must say what becomes of the data."""

import ast
from pathlib import Path

import vasistas

PACKAGE = Path(vasistas.__file__).parent
CLIENTS = {
    *("httpx", "httpcore", "requests", "urllib3", "aiohttp", "pycurl", "ftplib", "telnetlib", "poplib", "imaplib"),
    *("smtplib", "socket", "http.client", "urllib.request", "xmlrpc.client", "redis", "websockets.sync", "anyio"),
    *("django.core.mail.backends.smtp", "websockets.asyncio.client", "stripe", "twilio.rest"),
    *("anymail", "aiosmtpd.smtp"),
}
KNOWN = {
    "apps/accounts/outbox/posting.py": "mails: behind the door",
    "apps/accounts/outbox/provider.py": "mails by a provider's API: behind the door",
    "config/loop.py": "the guard itself",
    "guard/egress/sockets.py": "the guard itself",
    "guard/egress/webhooks.py": "notices to recipients: behind the door, by apps/privacy/operations/recipients.py",
    "apps/privacy/operations/recipients.py": "names a transport for its tests; connects by guard/egress/webhooks.py",
    "media/node_client.py": "offers: behind the door, by guard/egress/media.py",
    "guard/keyring/root_vault.py": "wrapped keys and random numbers; a declared endpoint, no personal field",
    "media/watchdog.py": "asks the own node whether it is well",
    "payments/ccbill/datalink.py": "payments: behind the door, by guard/egress/payments.py",
    "payments/sandbox/client.py": "payments: behind the door, by guard/egress/payments.py",
    "payments/stripe/client.py": "payments: behind the door, by guard/egress/payments.py",
    "apps/bulletins/operations/handing.py": "bulletins: each lease is let out by the door, in sending.take_lease",
    "inbound/imap.py": "fetches mails from a declared endpoint; hands nothing out",
    "inbound/receiver.py": "takes mails and opens no connection",
    "sms/twilio.py": "SMS: behind the door, by guard/egress/sms.py",
    "gateway/server.py": "accepts connections and opens none",
    "config/demo/stage.py": "asks the demo whether it is up",
    "config/demo/sink.py": "takes the demo's mails and opens no connection",
    "config/serve.py": "looks whether ports are free",
    "proof/browser.py": "asks this very process, without a socket",
    "proof/checks/egress.py": "tries the guard out",
    "proof/checks/recipients.py": "plays a recipient within this process, without a socket",
}
NOT_THE_SITE = (
    "media/sfu/",
    "media/synthetic/",
    "payments/sandbox/provider/",
)  # processes of their own, without database and names


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_every_module_that_can_connect_is_known():
    found = {
        str(path.relative_to(PACKAGE)): imported(path) & CLIENTS
        for path in PACKAGE.rglob("*.py")
        if not str(path.relative_to(PACKAGE)).startswith(NOT_THE_SITE)
    }
    assert {path for path, clients in found.items() if clients} - set(KNOWN) == set()


def test_mails_leave_by_our_backends_alone():
    names = {path.name for path in PACKAGE.rglob("*.py") if "backends.smtp" in path.read_text()}
    backends = {
        line for path in PACKAGE.rglob("*.py") for line in path.read_text().splitlines() if '"BACKEND":' in line
    }

    assert names <= {"posting.py"}
    assert not [line for line in backends if "mail" in line.lower()]
