"""The athlete over time: who it is, what was measured before, what changed, and what to do next."""
