"""How fast events of one client come: so many in a second, and then one after the other."""

import asyncio


class EventPace:
    """Lets so many events of a second pass at once, and makes others wait their turn."""

    def __init__(self, per_second: int) -> None:
        self._step_s = 1 / per_second
        self._burst_s = 1.0
        self._due_s = 0.0
        """When all that has passed would have passed at an even pace."""

    async def turn(self) -> None:
        """Wait until the next event may pass."""
        now = asyncio.get_running_loop().time()
        self._due_s = max(self._due_s, now - self._burst_s) + self._step_s
        if self._due_s > now:
            await asyncio.sleep(self._due_s - now)
