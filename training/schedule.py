"""The learning rate of a step: rise, hold, fall to nothing; stopping in the hold leaves a usable model."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Steps at which the rise ends and the fall begins and ends; `peak` is the rate between."""

    peak: float
    warm_up: int
    fall_from: int
    total: int

    def rate(self, step: int) -> float:
        if step < self.warm_up:
            return self.peak * (step + 1) / self.warm_up
        if step < self.fall_from:
            return self.peak
        left = max(0, self.total - step) / max(1, self.total - self.fall_from)
        return self.peak * max(0.01, left)
