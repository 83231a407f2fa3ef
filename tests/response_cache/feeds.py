"""A feed of changes in the memory of this process: what a test tells, every listener hears at once, or later."""

from collections.abc import Callable, Sequence

from db.changes.feed import Batch, Kind, Listener, Lost, Resync, RowChange


class LocalFeed:
    """The changes that a test tells of. It may be late: then nobody hears until it catches up."""

    def __init__(self) -> None:
        self.position = 0
        self.is_late = False
        self._told: list[Batch] = []
        self._listeners: list[Listener] = []
        self._pruned = 0

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def since(self, position: int, most: int | None = None) -> Sequence[Batch]:
        if position < self._pruned or position > len(self._told):
            raise Resync
        return [batch for batch in self._told if position < batch.position <= self.position][:most]

    def append(self, *tables: str) -> None:
        """One transaction has changed a row of each of these tables; nobody hears of it."""
        changes = tuple(RowChange(table, ("1",), Kind.UPDATE, frozenset({"name"})) for table in tables)
        self._told.append(Batch(len(self._told) + 1, changes))

    def tell(self, *tables: str) -> None:
        """The same; everybody hears of it, unless the feed is late."""
        self.append(*tables)
        if not self.is_late:
            self.catch_up()

    def catch_up(self) -> None:
        """Everybody hears what was told."""
        self.is_late = False
        while self.position < len(self._told):
            batch = self._told[self.position]
            self.position = batch.position
            for listener in list(self._listeners):
                listener(batch)

    def lose(self) -> None:
        """What was told meanwhile is not known."""
        self.position = len(self._told)
        for listener in list(self._listeners):
            listener(Lost(self.position))

    def prune(self) -> None:
        """Keep nothing of what was told so far."""
        self._pruned = len(self._told)
