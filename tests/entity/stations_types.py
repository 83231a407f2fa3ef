"""The GraphQL types of stations, which know nothing of how collections are mapped, their mutations and their rows."""

from __future__ import annotations

from graph.entity import Connection, Node, Schema, entity, query_type
from graph.settings import Settings
from graph.writing import Crud, RelationshipInput, mutation_type
from graph.writing.rights import SIGNED_IN, with_right
from tests.entity import stations
from tests.entity.serving import Rows, Sample
from tests.writing.asking import AskingSchema


@entity(stations.Station, keys=["name"])
class Station(Node):
    name: str
    readings: Connection[Reading]
    frosts: Connection[Reading]
    alarms: Connection[Alarm]
    watchers: Connection[Watcher]
    above: Station | None
    below: Connection[Station]


@entity(stations.Reading)
class Reading(Node):
    degrees: int
    station: Station


@entity(stations.Alarm)
class Alarm(Node):
    level: int
    station: Station


@entity(stations.Watcher, keys=["name"])
class Watcher(Node):
    name: str
    stations: Connection[Station]


crud = Crud(
    Station,
    ["name"],
    may=with_right(SIGNED_IN),
    create=SIGNED_IN,
    links=[RelationshipInput("watchers", create=("name",), create_right=SIGNED_IN)],
)

Query = query_type(Station, Reading, Alarm, Watcher)
Mutation = mutation_type([crud.create, crud.update, crud.delete, crud.create_many])


class AskingStations(AskingSchema):
    """Asks for stations, and changes them."""

    schema = Schema(Query, Settings.model_construct(), mutation=Mutation)


def rows(scale: int) -> Rows:
    """Ulm has three readings and all alarms, Bern two readings, Oslo nothing; Bern and Oslo are below Ulm."""
    return {
        stations.Station: [
            {"name": "Ulm", "above_id": None},
            {"name": "Bern", "above_id": 1},
            {"name": "Oslo", "above_id": 1},
        ],
        stations.Reading: [
            {"degrees": degrees, "station_id": station}
            for station, degrees in ((1, 5), (2, -3), (1, 9), (2, 4), (1, 1))
            for _ in range(scale)
        ],
        stations.Alarm: [{"level": level, "station_id": 1} for level in (2, 7, 4) for _ in range(scale)],
        stations.Watcher: [{"name": "Ann"}, {"name": "Bob"}],
        stations.watching: [{"station_id": 1, "watcher_id": 1}, {"station_id": 2, "watcher_id": 1}],
    }


STATIONS = Sample("stations", stations.Base.metadata, rows, Query)
