"""How long one turn may take: a timer that cancels the task which waits for the database."""

import asyncio


class Deadline:
    """Cancels a task when the time is up, by the rules of `asyncio.timeout`, for a third of the cost.

    A session has one, and sets it anew for each turn.
    Source: https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.uncancel
    """

    __slots__ = ("_cancelling", "_loop", "_rang", "_task", "_timer")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()  # asks the system for the process each time: once for each session
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cancelling = 0
        self._rang = False

    def watch(self, timeout_s: float | None) -> None:
        """Watch the task that runs now. None: until `start`, only `ring` ends it."""
        task = self._task = asyncio.current_task(self._loop)
        assert task is not None
        self._cancelling = task.cancelling()
        self._rang = False
        if timeout_s is not None:
            self._timer = self._loop.call_later(timeout_s, self.ring)

    def start(self, timeout_s: float) -> None:
        """Let the time run that `watch` has not limited."""
        self._timer = self._loop.call_later(timeout_s, self.ring)

    def ring(self) -> None:
        """Cancel the task now. Without a task there is nothing to cancel."""
        if self._task is not None and not self._rang:
            self._rang = True
            self._task.cancel()

    def stop(self) -> bool:
        """Watch no more. Whether the time was up, and nothing else has cancelled the task."""
        task, self._task = self._task, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if task is None or not self._rang:
            return False
        self._rang = False
        return task.uncancel() <= self._cancelling

    def is_watching(self) -> bool:
        """Whether there is a task to cancel."""
        return self._task is not None

    def is_cancelling(self) -> bool:
        """Whether the task that runs now is being cancelled."""
        task = asyncio.current_task(self._loop)
        return task is not None and bool(task.cancelling())
