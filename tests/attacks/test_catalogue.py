"""No attack of the catalogue gets through: each is answered as expected, and takes the server little.

Processor time is compared with that of a plain request in the same process, and the least of several tries counts: a
busy machine makes no attack dear.
"""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.catalogue import ATTACKS, HELD_ELSEWHERE, Attack, faults
from tests.attacks.conftest import Site
from tests.attacks.measuring import MIB, Cost
from tests.attacks.seeds import SEED, dice

TRIES = 3
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_is_answered_as_expected_and_within_its_bounds(
    site: Site, name: str, record_property: Callable[[str, object], None]
) -> None:
    attack, complaints = ATTACKS[name], list[str]()
    for turn in range(TRIES):
        requests = attack.requests(dice(name, turn))
        replies, cost = await site.sent(*requests)
        record_property("figures", f"{cost.cpu_s / len(requests):.3f} s, {cost.peak_bytes / MIB:.0f} MiB")
        wrong = sorted({fault for reply in replies for fault in faults(attack, reply)})
        over = excesses(attack, cost, site.plain, len(requests))
        complaints = wrong or over
        if wrong or not over:
            break
    if complaints:
        pytest.fail(f"{name} (seed {SEED}): {'; '.join(complaints)}", pytrace=False)


def excesses(attack: Attack, cost: Cost, plain: Cost, requests: int) -> list[str]:
    """The bounds that an attack has passed."""
    found = []
    times = cost.cpu_s / plain.cpu_s / requests
    if times > attack.times:
        found.append(f"{times:.0f} times a plain request of {plain.cpu_s * 1000:.1f} ms, not {attack.times:.0f}")
    if cost.peak_bytes > attack.peak_bytes:
        found.append(f"a peak of {cost.peak_bytes / MIB:.0f} MiB, not {attack.peak_bytes / MIB:.0f}")
    if attack.kept_bytes is not None and cost.kept_bytes > attack.kept_bytes:
        found.append(f"{cost.kept_bytes / MIB:.0f} MiB held afterwards, not {attack.kept_bytes / MIB:.0f}")
    return found


@pytest.mark.parametrize("test", HELD_ELSEWHERE.values(), ids=HELD_ELSEWHERE)
def test_an_attack_that_another_room_holds_has_its_test_there(test: str) -> None:
    file, _, function = test.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert not function or function in functions
