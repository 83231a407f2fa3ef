"""What is kept is bounded by number and by bytes, and what was used last stays."""

from hypothesis import given
from hypothesis import strategies as st

from db.kept import LARGEST_SHARE, Cache, Kept
from tests.entity.laws import tried

MOST, MOST_BYTES = 5, 100


def kept() -> Kept[str, int]:
    return Kept(MOST, MOST_BYTES, lambda _key, size: size)


def test_the_least_recently_used_leaves_first() -> None:
    some = kept()
    for key in "abcde":
        some[key] = 1
    assert some.get("a") == 1
    assert some["b"] == 1
    some["f"] = 1
    assert [key for key in "abcdef" if key in some] == ["a", "b", "d", "e", "f"]
    assert some.get("c") is None
    assert some.figures == (5, 5, MOST_BYTES, 1, 1, 1)


def test_what_is_replaced_is_counted_once() -> None:
    some = kept()
    some["a"] = 20
    some["a"] = 10
    assert (some["a"], some.figures.bytes, some.figures.dropped) == (10, 10, 0)


def test_what_would_push_out_all_others_is_not_kept() -> None:
    some = kept()
    some["a"] = 1
    some["large"] = MOST_BYTES // LARGEST_SHARE + 1
    assert "large" not in some
    assert "a" in some


def test_all_caches_together_take_no_more_than_their_bytes() -> None:
    assert sum(cache.share_of(1_000_000) for cache in Cache) <= 1_000_000
    assert all(cache.share_of(1_000_000) > 0 for cache in Cache)


@tried(100)
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 40), st.booleans())))
def test_neither_number_nor_bytes_are_ever_exceeded(steps: list[tuple[str, int, bool]]) -> None:
    some = kept()
    sizes: dict[str, int] = {}
    for key, size, reads in steps:
        if reads:
            assert some.get(key) in (None, sizes.get(key))
        else:
            some[key] = sizes[key] = size
        entries, taken, *_ = some.figures
        assert entries == len(some) <= MOST
        assert taken == sum(sizes[key] for key in sizes if key in some) <= MOST_BYTES
