"""Only what is selected is read, once, however the document says it: fragments, aliases, conditions, interfaces."""

import re
from typing import Any

import pytest

from graph.entity import query_type
from graph.entity.ids import decode_id
from tests.databases import StatementRecorder
from tests.entity import chinook_types as types
from tests.entity.conftest import Filled
from tests.entity.serving import Api, global_id, serve
from tests.entity.things_rows import SAMPLE as THINGS
from tests.entity.things_types import Box


def columns_read(statement: str) -> set[str]:
    """The columns in the outermost SELECT, without the names that the statement gives to its tables."""
    chosen = statement.partition("SELECT ")[2].partition("\nFROM")[0]
    return {re.sub(r"^\w+\.(\w+).*$", r"\1", part.strip()) for part in chosen.split(",")}


async def test_columns_that_nobody_selects_are_not_read(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        await chinook.ask("{ tracks(first: 2) { nodes { name album { title } } } }")
    tracks, albums = seen
    # what is shown, and the key that leads on
    assert columns_read(tracks) == {"album_id", "name"}
    assert columns_read(albums) == {"title", "album_id"}


async def test_a_typename_alone_reads_the_key_alone(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await chinook.ask("{ artists(first: 2) { nodes { __typename } } __typename }")
    assert found == {"artists": {"nodes": [{"__typename": "Artist"}] * 2}, "__typename": "Query"}
    (statement,) = seen
    assert columns_read(statement) == {"artist_id"}


async def test_a_count_alone_reads_no_row(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        await chinook.ask("{ artists { __typename totalCount } }")
    assert [statement.partition("\n")[0].strip() for statement in seen] == ["SELECT count(*) AS count_1"]
    with statements() as seen:
        assert await chinook.ask("{ artists { __typename } }") == {"artists": {"__typename": "ArtistConnection"}}
    assert not seen


async def test_nodes_and_edges_are_one_statement(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await chinook.ask(
            """
            {
              genres(first: 3) {
                nodes { name }
                edges { cursor node { id name tracks(first: 1) { edges { node { name } } nodes { milliseconds } } } }
                pageInfo { endCursor }
              }
            }
            """
        )
    # the genres and their tracks
    assert len(seen) == 1 + 1
    edges = found["genres"]["edges"]
    assert [node["name"] for node in found["genres"]["nodes"]] == [edge["node"]["name"] for edge in edges]
    assert found["genres"]["pageInfo"]["endCursor"] == edges[-1]["cursor"]
    assert all(len(edge["node"]["tracks"]["nodes"]) == 1 for edge in edges)


async def test_fragments_select_as_if_they_were_written_out(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await chinook.ask(
            """
            {
              albums(first: 4) { ...Page }
              again: albums(first: 4) { nodes { ... on Album { artist { ...Name ... { albums { totalCount } } } } } }
            }
            fragment Page on AlbumConnection { nodes { ...Shown ...Shown } }
            fragment Shown on Album { title ... on Node { id } artist { ...Name } }
            fragment Name on Artist { name }
            """
        )
    # albums with their titles and without; their artists, twice by other columns; the counts
    assert len(seen) == 2 + 2 + 1
    assert [node["artist"]["name"] for node in found["albums"]["nodes"]] == [
        node["artist"]["name"] for node in found["again"]["nodes"]
    ]
    assert set(found["albums"]["nodes"][0]) == {"title", "id", "artist"}


async def test_aliases_with_other_arguments_are_read_apart(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await chinook.ask(
            """
            {
              genres(first: 2) {
                nodes {
                  first: tracks(first: 1, orderBy: [{milliseconds: ASC}]) { nodes { milliseconds } }
                  last: tracks(first: 1, orderBy: [{milliseconds: DESC}]) { nodes { milliseconds } }
                  same: tracks(first: 1, orderBy: [{milliseconds: ASC}]) { nodes { milliseconds } }
                  cheap: tracks(where: {unitPrice: {lt: "0.5"}}) { totalCount }
                  all: tracks { totalCount }
                }
              }
            }
            """
        )
    # genres; tracks in two orders, the first of them once for both aliases; two counts
    assert len(seen) == 1 + 2 + 2
    for node in found["genres"]["nodes"]:
        assert node["first"] == node["same"]
        assert node["first"]["nodes"][0]["milliseconds"] < node["last"]["nodes"][0]["milliseconds"]
        assert node["cheap"]["totalCount"] < node["all"]["totalCount"]


async def test_a_field_selected_twice_merges_what_is_below(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await chinook.ask(
            """
            {
              tracks(first: 1) { nodes { album { title } } }
              tracks(first: 1) { nodes { name album { artist { name } } album { title } } totalCount }
            }
            """
        )
    # the track, its album, the album's artist, and the count
    assert len(seen) == 3 + 1
    (track,) = found["tracks"]["nodes"]
    assert set(track) == {"name", "album"}
    assert set(track["album"]) == {"title", "artist"}


@pytest.mark.parametrize(("with_album", "statements_needed"), [(True, 2), (False, 1)])
async def test_conditions_follow_the_variables(
    with_album: bool, statements_needed: int, chinook: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        found = await chinook.ask(
            """
            query ($album: Boolean!, $short: Boolean = true) {
              tracks(first: 1) {
                nodes {
                  name @skip(if: $short)
                  composer @include(if: $short)
                  album @include(if: $album) { title @include(if: $short) @skip(if: false) }
                  ... @skip(if: $short) { bytes }
                  ...Cost @include(if: $album)
                }
              }
            }
            fragment Cost on Track { unitPrice }
            """,
            album=with_album,
        )
    assert len(seen) == statements_needed
    expected = {"composer", "album", "unitPrice"} if with_album else {"composer"}
    assert set(found["tracks"]["nodes"][0]) == expected
    assert columns_read(seen[0]) == ({"composer", "album_id", "unit_price"} if with_album else {"composer"})


async def test_a_node_shows_what_is_selected_on_its_type(chinook: Api, statements: StatementRecorder) -> None:
    document = """
      query ($id: ID!) {
        node(id: $id) { __typename id ... on Track { name album { title } } ... on Album { title } ...Named }
      }
      fragment Named on Node { ... on Artist { called: name } }
    """
    for type_, shown, needed in (
        (types.Track, {"name", "album"}, 2),
        (types.Album, {"title"}, 1),
        (types.Genre, set(), 1),
    ):
        with statements() as seen:
            found: Any = (await chinook.ask(document, id=global_id(type_, 1)))["node"]
        assert set(found) == {"__typename", "id"} | shown
        assert found["__typename"] == type_.__name__
        assert len(seen) == needed


async def test_many_nodes_come_in_order_one_statement_for_each_type(
    chinook: Api, statements: StatementRecorder
) -> None:
    wanted = [
        *((types.Track, (number,)) for number in (3, 1, 999)),
        *((types.Album, (number,)) for number in (2, 999, 1)),
        (types.Track, (3,)),
        (types.PlaylistTrack, (999, 1)),
    ]
    with statements() as seen:
        found = await chinook.ask(
            """
            query ($ids: [ID!]!) {
              nodes(ids: $ids) { __typename ... on Track { name } ... on Album { title } ... on PlaylistTrack { id } }
            }
            """,
            ids=[global_id(type_, *key) for type_, key in wanted],
        )
    # tracks, albums, and entries of playlists
    assert len(seen) == 3
    assert [node and node["__typename"] for node in found["nodes"]] == [
        "Track",
        "Track",
        None,
        "Album",
        None,
        "Album",
        "Track",
        None,
    ]
    assert found["nodes"][0] == found["nodes"][6]


async def test_one_row_reached_over_two_roads_is_read_once(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        await chinook.ask(
            """
            query ($id: ID!) {
              albums(first: 5) { nodes { artist { name } } }
              last: albums(last: 5) { nodes { artist { name } } }
              artist(id: $id) { name }
              node(id: $id) { ... on Artist { name } }
            }
            """,
            id=global_id(types.Artist, 1),
        )
    # albums from both ends, the artist by its id, the artists of all those albums
    assert len(seen) == 2 + 1 + 1


async def test_whatever_gives_out_an_id_finds_it_again(dialect: str, filled: Filled) -> None:
    boxes_alone = THINGS._replace(query=query_type(Box))
    async with serve(await filled(THINGS, dialect), boxes_alone) as api:
        found = await api.ask("{ boxes { nodes { things(first: 1) { nodes { id labels { nodes { id } } } } } } }")
        things = [thing for box in found["boxes"]["nodes"] for thing in box["things"]["nodes"]]
        ids = [thing["id"] for thing in things] + [
            label["id"] for thing in things for label in thing["labels"]["nodes"]
        ]
        again = await api.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert len({decode_id(id_).type_name for id_ in ids}) == 2
    assert [node["id"] for node in again["nodes"]] == ids
