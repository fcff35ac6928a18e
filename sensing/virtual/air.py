"""The air between sensors and host: Bumble's local link, with connection events, losses and drops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.link import LocalLink

from sensing.virtual.channel import Channel, Way

ATT_CHANNEL: Final = 4
NOTIFICATION: Final = 0x1B
# An L2CAP frame on the attribute channel that holds a notification, behind its length.
_NOTIFICATION_HEAD: Final = bytes((ATT_CHANNEL, 0, NOTIFICATION))


@dataclass(slots=True, kw_only=True)
class SensorChannel(Channel):
    """A link and the sensor at its end. Times are those of the event loop."""

    address: str
    controller: Controller
    delivered: int = 0
    """Notifications that reached the host in this connection."""


class Air(LocalLink):
    """Carries packets between one central and the sensors.

    Parameters
    ----------
    on_notification : callable
        (sensor's address, attribute handle, value) for every notification that reaches the central. They
        skip the cable between the central's controller and its host (HCI), on which Bumble would spend most
        of its time.
    """

    def __init__(self, on_notification: Callable[[str, int, bytes], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._on_notification = on_notification
        self._loop = asyncio.get_running_loop()
        self._channels: dict[hci.Address, SensorChannel] = {}
        self.central: Controller

    def add_sensor(self, address: hci.Address, channel: SensorChannel) -> None:
        """Put a sensor on the air; its drops count from now."""
        self._channels[address] = channel

    def channel(self, address: hci.Address) -> SensorChannel:
        """The link of a sensor."""
        return self._channels[address]

    def drop(self, address: hci.Address, start_s: float, length_s: float) -> None:
        """Let nothing through to and from a sensor for a while, and lose the link if that is long."""
        channel = self._channels[address]
        channel.drops.append((start_s, start_s + length_s))
        self._watch(channel, address, start_s, start_s + length_s)

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Pass on an advertisement, or the request to connect that answers it."""
        if isinstance(packet, ll.ConnectInd):
            channel = self._channels[packet.advertiser_address]
            self._loop.call_soon(self._connected, channel, packet)
            return
        channel = self._channels[sender_controller.random_address]
        if not channel.is_cut(self._loop.time()):
            self._loop.call_soon(self.central.on_ll_advertising_pdu, packet)

    def _connected(self, channel: SensorChannel, packet: ll.ConnectInd) -> None:
        channel.up, channel.down, channel.delivered = Way(), Way(), 0
        channel.controller.on_ll_advertising_pdu(packet)
        for start, end in channel.drops:
            self._watch(channel, packet.advertiser_address, start, end)

    def _watch(self, channel: SensorChannel, address: hci.Address, start: float, end: float) -> None:
        limit = channel.link.supervision_s
        now = self._loop.time()
        if start + limit >= end or end <= now:
            return
        both = ((self.central, address), (channel.controller, self.central.random_address))
        ends = [
            (controller, connection)
            for controller, peer in both
            if (connection := controller.le_connections.get(peer))
        ]
        self._loop.call_at(max(start, now) + limit, self._lose, ends)

    @staticmethod
    def _lose(ends: list[tuple[Controller, Connection]]) -> None:
        for controller, connection in ends:
            if controller.le_connections.get(connection.peer_address) is connection:
                controller.on_le_disconnected(connection, hci.HCI_CONNECTION_TIMEOUT_ERROR)

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Carry a data packet."""
        self._send(sender_controller.random_address, destination_address, data, self._loop.time())

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Carry a control packet, in order with the data."""
        self._send(sender_address, receiver_address, packet, self._loop.time())

    def notify(self, sensor: hci.Address, handle: int, value: bytes, ready_s: float) -> None:
        """Carry a notification that a sensor has ready then."""
        frame = b"".join(
            (
                (len(value) + 3).to_bytes(2, "little"),
                _NOTIFICATION_HEAD,
                handle.to_bytes(2, "little"),
                value,
            )
        )
        self._send(sensor, self.central.random_address, frame, ready_s)

    def _send(
        self, source: hci.Address, destination: hci.Address, packet: bytes | ll.ControlPdu, ready_s: float
    ) -> None:
        channel = self._channels.get(source)
        if channel is not None:
            receiver, way = self.central, channel.up
        else:
            channel = self._channels[destination]
            receiver, way = channel.controller, channel.down
        connection = receiver.le_connections.get(source)
        if connection is None:
            return
        way.waiting += 1
        at = channel.arrival(way, ready_s)
        self._loop.call_at(at, self._deliver, channel, way, receiver, source, connection, packet)

    def _deliver(
        self,
        channel: SensorChannel,
        way: Way,
        receiver: Controller,
        source: hci.Address,
        connection: Connection,
        packet: bytes | ll.ControlPdu,
    ) -> None:
        way.waiting -= 1
        if receiver.le_connections.get(source) is not connection:
            return
        if not isinstance(packet, bytes):
            receiver.on_ll_control_pdu(source, packet)
        elif way is channel.up and packet[2:5] == _NOTIFICATION_HEAD:
            channel.delivered += 1
            handle = int.from_bytes(packet[5:7], "little")
            self._on_notification(channel.address, handle, packet[7:])
        else:
            receiver.on_link_acl_data(source, PhysicalTransport.LE, packet)
