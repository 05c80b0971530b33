"""The sandbox of the tests of purchases, for the pages that show them."""

from tests.apps.purchases.conftest import bank, now, server

__all__ = ["bank", "now", "server"]
