"""Changing the root key under running sites: a new version, every key wrapped anew, the old version retired.

Nothing but the rows themselves tells how far a rotation came: rows below the newest version are those still to do. So a
run that was killed is resumed by running it again.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vasistas.guard.keyring import ring, store
from vasistas.guard.keyring.errors import RootKeyFault
from vasistas.guard.keyring.models import DataKey, SiteKey
from vasistas.guard.keyring.root import RootKey

if TYPE_CHECKING:
    from django.db.models import QuerySet

BATCH = 500  # rows of one transaction


@dataclass(frozen=True)
class Status:
    """versions: of the root key, newest last. rows: version -> keys wrapped by it. destroyed: tombstones."""

    where: str
    versions: list[int]
    rows: dict[int, int]
    destroyed: int

    @property
    def behind(self) -> int:
        """Keys not wrapped by the newest version: a rotation is under way."""
        return sum(count for version, count in self.rows.items() if version != self.versions[-1])


@dataclass(frozen=True)
class Checked:
    """opened, broken: version -> keys."""

    opened: dict[int, int]
    broken: dict[int, int]


@dataclass(frozen=True)
class Rotated:
    """to: the newest version. is_new: made by this run. retired: versions forgotten."""

    to: int
    is_new: bool
    rewrapped: int
    retired: list[int]


def status() -> Status:
    """Raises: RootKeyFault."""
    root = ring.open_store()
    live = DataKey.objects.filter(destroyed_at__isnull=True)
    rows = Counter(live.values_list("root_version", flat=True).iterator())
    rows.update(SiteKey.objects.values_list("root_version", flat=True))
    destroyed = DataKey.objects.filter(destroyed_at__isnull=False).count()
    return Status(root.where, root.versions(), dict(sorted(rows.items())), destroyed)


def check() -> Checked:
    """Open every key once. Raises: RootKeyFault: the root key itself is at fault."""
    root = ring.open_store()
    opened: Counter[int] = Counter()
    broken: Counter[int] = Counter()
    for batch in _batches(BATCH):
        for row in batch:
            try:
                root.unwrap([store.wrapped_of(row)])
                opened[row.root_version] += 1
            except RootKeyFault:
                broken[row.root_version] += 1
    return Checked(dict(opened), dict(broken))


def rotate(*, batch: int = BATCH) -> Rotated:
    """Finish the rotation that is under way, or else begin and finish a new one.

    Raises: RootKeyFault: a key does not open; it and the old version stay, nothing is lost.
    Locks: the key store for its writers, while a version is added and while one is retired.
    """
    root = ring.open_store()
    with store.writing(alone=True):
        is_new = _is_finished(root)
        newest = root.rotate() if is_new else root.versions()[-1]
    rewrapped = 0
    while not _is_finished(root):  # keys may be made under the old version until every process has seen the new one
        for rows in _batches(batch, below=newest):
            rewrapped += _rewrap(root, rows)
    with store.writing(alone=True):
        retired = root.retire(_used()) if _is_finished(root) else []
    return Rotated(newest, is_new, rewrapped, retired)


def _is_finished(root: RootKey) -> bool:
    return _used() <= {root.versions()[-1]}


def _used() -> frozenset[int]:
    data_keys = DataKey.objects.filter(destroyed_at__isnull=True)
    return frozenset(
        version
        for rows in (data_keys, SiteKey.objects.all())
        for version in rows.order_by().values_list("root_version", flat=True).distinct()
    )


def _batches(size: int, *, below: int | None = None) -> Iterator[list[DataKey | SiteKey]]:
    live = DataKey.objects.filter(destroyed_at__isnull=True)
    sources: tuple[QuerySet[Any], ...] = (SiteKey.objects.all(), live)
    for rows in sources:
        wanted = rows.order_by("pk") if below is None else rows.order_by("pk").filter(root_version__lt=below)
        found = list(wanted[:size])
        while found:
            yield found
            found = list(wanted.filter(pk__gt=found[-1].pk)[:size])


def _rewrap(root: RootKey, rows: list[DataKey | SiteKey]) -> int:
    """Wrap a batch anew, all or none; a row that was destroyed or changed meanwhile is left alone."""
    fresh = root.rewrap([store.wrapped_of(row) for row in rows])
    done = 0
    with store.writing():
        for row, wrapped in zip(rows, fresh, strict=True):
            table: QuerySet[Any] = (DataKey if isinstance(row, DataKey) else SiteKey).objects.all()
            same = table.filter(pk=row.pk, wrapped=row.wrapped)
            done += same.update(wrapped=wrapped.blob, root_version=wrapped.version)
    return done
