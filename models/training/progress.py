"""Steps and losses → one log line every few seconds, with the time left."""

import sys
import time
from typing import SupportsFloat


class Progress:
    """Counts `done` of `total` and prints rate, figures and time left at most every `every` seconds."""

    def __init__(self, name: str, total: int, every: float = 20.0) -> None:
        self.name, self.total, self.every = name, total, every
        self.done = self._first = 0
        self._began = self._said = time.monotonic()

    def resume(self, done: int) -> None:
        """Count `done` as done before this run began, so that the rate stays true."""
        self.done = self._first = done

    def step(self, count: int = 1, /, **figures: SupportsFloat) -> None:
        """Count `count` more; `figures` are printed as they are."""
        self.done += count
        now = time.monotonic()
        if now - self._said >= self.every or self.done >= self.total:
            self._said = now
            self._say(now, figures)

    def _say(self, now: float, figures: dict[str, SupportsFloat]) -> None:
        rate = (self.done - self._first) / max(now - self._began, 1e-9)
        shown = "  ".join(f"{name} {float(value):.4f}" for name, value in figures.items())
        left = (self.total - self.done) / max(rate, 1e-9) / 60
        print(
            f"{self.name} {self.done}/{self.total}  {rate:.1f}/s  {left:.1f} min left  {shown}",
            file=sys.stderr,
            flush=True,
        )
