"""From a `Recording` to an `Analysis`."""
