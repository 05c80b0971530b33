"""Mail that comes in: a receiver, and what a mail says. It knows no Django."""

from vasistas.inbound.mail import File, Kind, Mail, Refused
from vasistas.inbound.reading import parse
from vasistas.inbound.receiver import Receiver

__all__ = ["File", "Kind", "Mail", "Receiver", "Refused", "parse"]
