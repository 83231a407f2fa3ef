"""Papers that the club keeps: fifteen JSON documents at scale 1, of six shapes."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from db.demo.dice import Dice, Row, days_ago
from db.demo.people import user_count
from db.demo.writing import PLANTS

DOCUMENTS = 15

BEDS = ("north bed", "long bed", "glasshouse", "terrace", "south wall")


def documents(scale: int, seed: int) -> Iterator[Row]:
    """Every document, the oldest first."""
    dice = Dice(seed, "documents")
    count, kinds = DOCUMENTS * scale, list(SHAPES)
    for index in range(count):
        kind = kinds[index % len(kinds)]
        title, body = SHAPES[kind](dice, index)
        created = days_ago(500 * (1 - index / count))
        edits = index % 3
        yield {
            "id": index + 1,
            "kind": kind,
            "title": title,
            "body": body,
            "owner_id": index * 7 % user_count(scale) + 1,
            "version": 1 + edits,
            "created_at": created,
            "updated_at": created + timedelta(hours=edits),
        }


def _soil_report(dice: Dice, index: int) -> tuple[str, dict[str, Any]]:
    bed = dice.pick(BEDS)
    body = {
        "bed": bed,
        "ph": dice.between(55, 78) / 10,
        "humus_percent": dice.between(10, 80) / 10,
        "nutrients": {"N": dice.between(5, 40), "P": dice.between(5, 40), "K": dice.between(5, 40)},
        "advice": "add lime" if dice.below(2) else None,
    }
    return f"Soil of the {bed}, sample {index + 1}", body


def _sowing_plan(dice: Dice, index: int) -> tuple[str, dict[str, Any]]:
    rows = [
        {"plant": plant, "bed": dice.pick(BEDS), "week": dice.between(8, 24), "under_glass": bool(dice.below(2))}
        for plant in dice.some(PLANTS, dice.between(1, 4))
    ]
    return f"Sowing plan {index + 1}", {"year": 2026, "rows": rows}


def _recipe(dice: Dice, index: int) -> tuple[str, dict[str, Any]]:
    plant = dice.pick(PLANTS)
    steps = ["wash", "chop", "simmer for an hour", "fill into jars"][: dice.between(2, 4)]
    body = {"serves": dice.between(2, 12), "ingredients": [plant, "sugar", "lemon"], "steps": steps}
    return f"Preserved {plant}, no. {index + 1}", body


def _settings(dice: Dice, index: int) -> tuple[str, dict[str, Any]]:
    body = {
        "language": dice.pick(("en", "de", "cs", "ja")),
        "notify": {"email": bool(dice.below(2)), "frost_warning": {"below_celsius": dice.between(-5, 3)}},
        "favourites": dice.some(PLANTS, dice.below(4)),
        "signature": dice.pick(("Grüße aus dem Garten", "Happy growing!", "良い庭を", None)),
    }
    return f"Settings {index + 1}", body


def _weather_log(dice: Dice, index: int) -> tuple[str, dict[str, Any]]:
    readings = [[day, dice.between(-80, 320) / 10, dice.below(25)] for day in range(1, dice.between(3, 8))]
    return f"Weather log {index + 1}", {"station": "club house", "columns": ["day", "celsius", "mm"], "data": readings}


def _note(dice: Dice, index: int) -> tuple[str, dict[str, Any]]:
    return f"Note {index + 1}", {"text": f"Ask about {dice.pick(PLANTS)}."} if dice.below(3) else {}


SHAPES: dict[str, Callable[[Dice, int], tuple[str, dict[str, Any]]]] = {
    "soil report": _soil_report,
    "sowing plan": _sowing_plan,
    "recipe": _recipe,
    "settings": _settings,
    "weather log": _weather_log,
    "note": _note,
}
