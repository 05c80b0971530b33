"""What is held about one person: shown (`held`), handed over as one archive (`archive`, `bag`). GDPR Art. 15, 20."""
