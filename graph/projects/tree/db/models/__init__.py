"""The tables. Each module holds one, with its constraints and relationships; `trellis noun add` adds a line here."""

__all__: list[str] = []
