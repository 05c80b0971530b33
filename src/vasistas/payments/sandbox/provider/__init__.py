"""The sandbox as a process of its own: API for the site, checkout page, merchant's page, webhooks."""
