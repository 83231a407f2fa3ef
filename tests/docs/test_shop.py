"""The models and types of the pages on views and functions make a schema, as the pages say."""

from graph.entity import Schema
from graph.settings import Settings
from tests.docs.shop.types import Query


def test_the_views_of_the_pages_are_shown_as_they_say() -> None:
    schema = Schema(Query, Settings.model_construct()).as_str()
    assert "  saleLines(\n" in schema
    assert "  monthlySales(\n" in schema
    assert "type SaleLine {" in schema  # no node: its rows have no ids
    assert "fullName: String\n" in schema
    assert "  usersCalled(\n" in schema
