"""Past facts about providers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HostJoined:
    host_id: int


@dataclass(frozen=True)
class StudioJoined:
    studio_id: int
    host_id: int


@dataclass(frozen=True)
class StudioLeft:
    studio_id: int
    host_id: int
