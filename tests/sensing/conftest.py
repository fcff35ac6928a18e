from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sensing.virtual import VirtualRadio


@dataclass
class Spy:
    """What went through a client backend, in order, and the callbacks it was given."""

    calls: list[tuple[str, str, object]] = field(default_factory=list)
    callbacks: list[tuple[str, Callable[[bytearray], None]]] = field(default_factory=list)
    clients: int = 0

    def of(self, address: str) -> list[tuple[str, object]]:
        return [(name, what) for at, name, what in self.calls if at == address]


@pytest.fixture
def spy_on() -> Callable[[VirtualRadio], tuple[type, Spy]]:
    """Make a client backend that does what the virtual one does and notes it."""

    def make(radio: VirtualRadio) -> tuple[type, Spy]:
        spy = Spy()

        class Noted(radio.client_backend):  # type: ignore[name-defined,misc]
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                spy.clients += 1

            async def write_gatt_char(self, characteristic, data, response):
                spy.calls.append((self.address, "write", bytes(data)))
                await super().write_gatt_char(characteristic, data, response)

            async def start_notify(self, characteristic, callback, **kwargs):
                spy.calls.append((self.address, "subscribe", characteristic.uuid))
                spy.callbacks.append((characteristic.uuid, callback))
                await super().start_notify(characteristic, callback, **kwargs)

            async def disconnect(self):
                spy.calls.append((self.address, "disconnect", None))
                await super().disconnect()

        return Noted, spy

    return make
