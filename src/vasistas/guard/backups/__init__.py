"""Encrypted backups: a stream of sealed chunks (stream.py) around a tar with a manifest (archive.py)."""
