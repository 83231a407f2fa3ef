"""Pages of the manual can be read by keys and by screen readers."""

from manual.accessibility import mended


def test_blocks_and_tables_can_be_scrolled_by_keys_and_headings_say_their_level() -> None:
    page = (
        '<p class="caption" role="heading"><span>Run</span></p><div class="highlight"><pre>a</pre></div>'
        '<div class="table-wrapper docutils"><p>b</p></div>'
    )
    assert mended(page) == (
        '<p class="caption" role="heading" aria-level="2"><span>Run</span></p><div class="highlight">'
        '<pre tabindex="0">a</pre></div><div tabindex="0" class="table-wrapper docutils"><p>b</p></div>'
    )
    assert mended(mended(page)) == mended(page)


def test_landmarks_have_names_and_no_heading_is_empty() -> None:
    page = (
        '<aside class="sidebar-drawer"></aside><aside class="toc-drawer"></aside><th class="head"><p></p></th>'
        '<div id="search-results"></div>'
    )
    assert mended(page) == (
        '<aside class="sidebar-drawer" aria-label="Site"></aside>'
        '<aside class="toc-drawer" aria-label="This page"></aside>'
        '<td></td><h1>Search</h1><div aria-live="polite" id="search-results"></div>'
    )
    assert mended(mended(page)) == mended(page)
