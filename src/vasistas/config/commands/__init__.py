"""The product's commands beyond starting processes: each module adds its own to the parser, and loads Django late."""

import argparse
from typing import Protocol


class AddCommand(Protocol):
    def __call__(self, name: str, run: object, summary: str) -> argparse.ArgumentParser: ...
