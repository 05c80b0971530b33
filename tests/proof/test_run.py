"""One run of every check on a site in use: nothing is changed, and the read log has one entry of it."""

import dataclasses
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.utils import timezone

from vasistas.guard import keyring
from vasistas.guard.conformance import operations, queries, registry
from vasistas.guard.conformance.models import Evidence
from vasistas.guard.conformance.report import State
from vasistas.guard.egress import endpoints, sockets
from vasistas.guard.keyring.models import SiteKey
from vasistas.guard.purposes import NOBODY, processing, scope
from vasistas.guard.reads.models import Entry
from vasistas.guard.sealed import SITE_HANDLE
from vasistas.proof import scene

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "keys"])
# Unproven until the policy is released; and a test has its keys in memory.
NOT_HERE = {"policy.is_released", "policy.versions_answer", "policy.rules_change_by_two", "policy.widening_is_told"}
NOT_HERE |= {"keys.are_private"}
PATIENCE_S = 900.0


@pytest.fixture(autouse=True)
def ways_out_guarded() -> Iterator[None]:
    """As in the web process."""
    endpoints.arm()
    yield
    sockets.disarm()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What checks find, however slow the machine is; that one past its time is given up has a test of its own."""
    patient = {key: dataclasses.replace(one, limit_s=PATIENCE_S) for key, one in registry.checks().items()}
    monkeypatch.setattr(registry, "_checks", patient)


def rows() -> dict[str, int]:
    models = [
        model for model in apps.get_models() if model not in {Evidence, Entry, SiteKey}
    ]  # the site's own keys are made on first use
    return {model._meta.label: model._base_manager.count() for model in models}


def test_a_run_changes_nothing_and_is_one_entry_of_the_read_log(settings):
    settings.GATE_MODE = "enforce"
    settings.MAIL_COMES_IN = True  # the scene brings a message that arrived
    settings.MAIL_IN_DOMAIN = "in.cams.example"  # else answering a letter is no way to refuse here
    now = timezone.now()
    scene._furnish(now)
    keyring.data_key(SITE_HANDLE, "identity")  # the site's own: whoever needs it first makes it, once and for good
    before, entries = rows(), Entry.objects.count()

    with scope(lambda: NOBODY):
        operations.run_checks(now)

    assert rows() == before
    with processing("audit"):
        assert list(Entry.objects.order_by("pk").values_list("purpose", "actor_kind")[entries:]) == [
            ("prove", "worker")
        ]
    seen = {key: (one.state, one.detail) for key, one in queries.latest()[0].items()}
    assert set(seen) == set(registry.checks())
    assert {key: one for key, one in seen.items() if one[0] is not State.HOLDS and key not in NOT_HERE} == {}
