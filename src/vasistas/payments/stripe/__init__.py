"""Stripe Checkout behind the port, with Stripe's own library: the card is typed on Stripe's page, never here."""
