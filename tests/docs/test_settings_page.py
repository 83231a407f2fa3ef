"""docs/settings.md is what the code says of its settings; `make settings` writes it."""

from manual.settings import FILE, page


def test_the_page_of_settings_is_the_codes() -> None:
    assert FILE.read_text(encoding="utf-8") == page(), "Run `make settings`."
