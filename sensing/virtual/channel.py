"""When a packet that is ready gets through: connection events, losses and drops of one link."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from sensing.virtual.spec import Link


@dataclass(slots=True)
class Way:
    """One direction of a link: the connection event in use, and what is under way."""

    event: int = -1
    in_event: int = 0
    arrival_s: float = -math.inf
    waiting: int = 0


@dataclass(slots=True)
class Channel:
    """State of one sensor's link; ``phase_s`` is the time of a connection event."""

    link: Link
    phase_s: float
    rng: random.Random
    drops: list[tuple[float, float]] = field(default_factory=list)
    up: Way = field(default_factory=Way)
    down: Way = field(default_factory=Way)

    def is_cut(self, at_s: float) -> bool:
        """Whether nothing gets through now."""
        return any(start <= at_s < end for start, end in self.drops)

    def arrival(self, way: Way, ready_s: float) -> float:
        """When a packet that is ready then arrives."""
        link, rng = self.link, self.rng
        event = math.ceil((ready_s - self.phase_s) / link.interval_s)
        event = max(event, way.event + (way.in_event >= link.packets_per_event))
        while rng.random() < link.retransmit:
            event += 1
        at = self.phase_s + event * link.interval_s
        for start, end in self.drops:
            if start <= at < end:
                event = math.ceil((end - self.phase_s) / link.interval_s)
                at = self.phase_s + event * link.interval_s
        way.in_event = way.in_event + 1 if event == way.event else 1
        way.event = event
        if link.jitter_s:
            at += rng.expovariate(1 / link.jitter_s)
        way.arrival_s = max(at + link.latency_s, way.arrival_s + link.spacing_s)
        return way.arrival_s
