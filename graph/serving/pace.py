"""How fast something goes on. Moments and numbers of bytes enter, whether that is too slow leaves; no clock is read."""

from graph.serving.limits import LEAST_BYTES_PER_S


class Pace:
    """The pace of one body, or of one reader.

    Who keeps the pace starts afresh at each look: a burst gives no credit for a long silence after it, and a byte now
    and then is no pace.
    """

    def __init__(self, now_s: float, bytes_done: int = 0) -> None:
        self._since_s = now_s
        self._bytes_done = bytes_done

    def is_late(self, now_s: float, bytes_done: int, timeout_s: float) -> bool:
        """Whether the pace was too slow for `timeout_s` seconds."""
        waited_s, progress = now_s - self._since_s, bytes_done - self._bytes_done
        if progress > 0 and progress >= LEAST_BYTES_PER_S * waited_s:
            self._since_s, self._bytes_done = now_s, bytes_done
            return False
        return waited_s > timeout_s
