"""Where well-known senders put what: one row each, with a payload as its makers document it, which is also its test.

None was tried on a device here. Payloads are written after the sources named; values in them are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.transport.mapping import Mapping


@dataclass(frozen=True, slots=True)
class Ready:
    """A ready mapping: what it is for, and an example of what it reads (hex where the payload is binary)."""

    mapping: Mapping
    topic: str
    payload: str
    source: str
    quantity: Literal["temperature_c"] | None = None  # of `value`; None: the config says where a value stands
    note: str = ""

    @property
    def example(self) -> bytes:
        """The payload as it travels."""
        return bytes.fromhex(self.payload) if self.mapping.format == "sparkplug_b" else self.payload.encode()


READY = {
    "esphome": Ready(
        mapping=Mapping(value="$", speed="$"),
        topic="pump/sensor/housing_temperature/state",
        payload="41.25",
        source="esphome.io, MQTT client component and sensor::MQTTSensorComponent (2024.11)",
        quantity="temperature_c",
        note="one bare number a topic; for acceleration publish batches with mqtt.publish_json",
    ),
    "tasmota": Ready(
        mapping=Mapping(
            value="*.Temperature",
            value_unit="TempUnit",
            time="Time",
            x="*.AccelXAxis",
            y="*.AccelYAxis",
            z="*.AccelZAxis",
            scale=1 / 16384,
            scaled_unit="g",
            axes_may_lack=True,
        ),
        topic="tele/pump/SENSOR",
        payload='{"Time":"2026-03-01T08:19:25","MPU6050":{"Temperature":22.6,"AccelXAxis":4828.00,"AccelYAxis":-7124.00,'
        '"AccelZAxis":13420.00,"GyroXAxis":-130.00,"GyroYAxis":259.00,"GyroZAxis":75.00},"TempUnit":"C"}',
        source="arendst/Tasmota, issue 4521 (MPU6050 in tele/SENSOR; counts of 1/16384 g)",
        quantity="temperature_c",
        note="one sample every 10 s or more (TelePeriod): good for figures, not for samples",
    ),
    "shelly": Ready(
        mapping=Mapping(
            value=("params.temperature:0.tC", "params.temperature:100.tC", "temperature:0.tC", "tC"),
            time=("params.ts", "ts"),
            sender="src",
        ),
        topic="shellyplusht-a1b2c3/events/rpc",
        payload='{"src":"shellyplusht-a1b2c3","dst":"shellyplusht-a1b2c3/events","method":"NotifyFullStatus",'
        '"params":{"ts":1772352000.62,"humidity:0":{"id":0,"rh":42.2},"temperature:0":{"id":0,"tC":19.8,"tF":67.6}}}',
        source="shelly-api-docs.shelly.cloud, gen 2: notifications, temperature component, MQTT",
        quantity="temperature_c",
    ),
    "zigbee2mqtt": Ready(
        mapping=Mapping(
            value=("temperature", "device_temperature"),
            time="last_seen",
            x="x_axis",
            y="y_axis",
            z="z_axis",
            scale=0.001,
            scaled_unit="g",
            axes_may_lack=True,
        ),
        topic="zigbee2mqtt/pump",
        payload='{"angle":114,"angle_x":-1,"angle_y":74,"angle_z":16,"battery":100,"device_temperature":29,'
        '"linkquality":131,"strength":9,"vibration":false,"voltage":3145,"x_axis":-17,"y_axis":1038,"z_axis":296}',
        source="Koenkk/zigbee2mqtt, issue 21432 (DJT11LM); zigbee-herdsman-converters, pull 2295 (axes in mg)",
        quantity="temperature_c",
        note="a sample now and then, when something moves: good for figures, not for samples",
    ),
    "thingsboard": Ready(
        mapping=Mapping(
            axes_may_lack=True,
            x=("[*].values.x", "[*].x"),
            y=("[*].values.y", "[*].y"),
            z=("[*].values.z", "[*].z"),
            time="[*].ts",
            time_unit="ms",
            rate=("[*].values.rate_hz", "[*].rate_hz"),
            unit=("[*].values.unit", "[*].unit"),
            seq=("[*].values.seq", "[*].seq"),
            value=("[*].values.temperature", "[*].temperature"),
            speed=("[*].values.rpm", "[*].rpm"),
        ),
        topic="v1/devices/me/telemetry",
        payload='[{"ts":1772352000000,"values":{"x":0.012,"y":-0.031,"z":1.002}},'
        '{"ts":1772352000010,"values":{"x":0.018,"y":-0.027,"z":0.998}},'
        '{"ts":1772352000020,"values":{"x":"0.009","y":"-0.030","z":"1.001"}}]',
        source="thingsboard.io, MQTT device API, telemetry: object, ts with values, array of these",
        quantity="temperature_c",
        note="keys below values are your own: those named x, y, z, rate_hz, unit, seq, rpm are read",
    ),
    "thingsboard_gateway": Ready(
        mapping=Mapping(
            axes_may_lack=True,
            x="*[*].values.x",
            y="*[*].values.y",
            z="*[*].values.z",
            time="*[*].ts",
            time_unit="ms",
            rate="*[*].values.rate_hz",
            unit="*[*].values.unit",
            seq="*[*].values.seq",
            value="*[*].values.temperature",
            speed="*[*].values.rpm",
        ),
        topic="v1/gateway/telemetry",
        payload='{"Pump 3":[{"ts":1772352000000,"values":{"x":[0.012,0.018,0.009],"rate_hz":1600,"temperature":42}}]}',
        source="thingsboard.io, MQTT gateway API, telemetry",
        quantity="temperature_c",
        note='of several devices in one message say which: x = "Pump 3[*].values.x"',
    ),
    "sparkplug_b": Ready(
        mapping=Mapping(
            format="sparkplug_b",
            axes_may_lack=True,
            x=("metrics.x", "metrics.samples[*].x"),
            y=("metrics.y", "metrics.samples[*].y"),
            z=("metrics.z", "metrics.samples[*].z"),
            time="timestamp",
            time_unit="ms",
            rate="metrics.rate_hz",
            unit="metrics.unit",
            speed="metrics.rpm",
        ),
        topic="spBv1.0/plant/DDATA/line1/pump",
        payload="0880a0a5c3ca3312180a0178201e820110a69b443cbc74933cbc74133c6f1283bb12140a07726174655f687a20"
        "0a690000000000009940120b0a04756e6974200c7a01671803",
        source="eclipse/tahu, sparkplug_b.proto; Sparkplug 3.0.0, 6.4.16 and 6.4.17",
        note="metrics named x, y, z (arrays, or columns of a data set named samples), rate_hz, unit and rpm are read; "
        'name your own, like x = "metrics.Vibration/x"; put + where the kind of message stands: births tell the names',
    ),
}
"""By the name that a config gives as `mapping`."""
