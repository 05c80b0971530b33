"""Hosts and studios of the cast."""

from typing import Any

from django.utils import timezone

from tests.factories.accounts import make_member
from vasistas.apps.accounts.models import Member
from vasistas.apps.providers.models import Host, Studio


def make_host(member: Member | None = None, **over: Any) -> Host:
    """Make Ada, or `member`, a host who agreed to the terms."""
    fields = {"agreed_at": timezone.now(), **over}
    return Host.objects.create(member=member or make_member("Ada"), **fields)


def make_studio(owner: Member | None = None, **over: Any) -> Studio:
    """Make the studio of Stu, or of `owner`."""
    fields = {"name": "Studio Stu", "slug": "studio-stu", "created_at": timezone.now(), **over}
    return Studio.objects.create(owner=owner or make_member("Stu"), **fields)
