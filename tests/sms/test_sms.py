import pytest

from vasistas import sms
from vasistas.lib.errors import NotFound
from vasistas.sms.outbox import Outbox


@pytest.fixture
def box(tmp_path):
    before = sms.get_port() if sms.is_on() else None
    one = Outbox(tmp_path, key=b"k")
    sms.configure(one)
    yield one
    sms.configure(before)


def test_the_provider_is_found_by_its_name_or_without(box):
    assert sms.is_on()
    assert sms.get_port() is box
    assert sms.get_port("outbox") is box


def test_another_provider_is_unknown(box):
    with pytest.raises(NotFound):
        sms.get_port("twilio")


def test_a_site_without_sms_has_none(box):
    sms.configure(None)

    assert not sms.is_on()
    with pytest.raises(NotFound):
        sms.get_port()
