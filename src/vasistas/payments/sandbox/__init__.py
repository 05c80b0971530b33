"""A payment provider of our own that moves no money: `provider` is its process, `client` the port that asks it."""
