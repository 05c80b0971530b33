"""Who runs the site. One record, so that no page and no mail can name somebody else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operator:
    """name: the legal person. address: its postal address, one line. mail, phone: where members reach it."""

    name: str
    address: str
    mail: str
    phone: str
