"""What varies from run to run: read when the module is, because tests do not see the developer's settings."""

import os
import random

SEED = int(os.environ.get("TRELLIS_ATTACK_SEED", "0"))
"""Another one gives other shapes and sizes."""
POSTS = int(os.environ.get("TRELLIS_ATTACK_POSTS", "6000"))
"""How many posts there are, about."""


def dice(*names: object) -> random.Random:
    """Dice of their own for each attack and each try."""
    return random.Random(":".join(map(str, (SEED, *names))))
