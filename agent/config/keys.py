"""The keys of the operator's TOML file as frozen structs: names, types, defaults, and rules between keys of one table.

What joins two tables (a sensor naming a machine) is checked in `cross_check`; configs/*.toml explain every key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from agent.alerting.window_rules import DecisionConfig
from agent.bearings.catalogue import Entry
from agent.bearings.orders import checked_orders
from agent.bundle import runtimes
from agent.config.decoding import Id
from agent.config.state_folder import state_folder
from agent.config.watching_keys import LogConfig, MetricsConfig, RingConfig, TrendConfig, WebConfig
from agent.limits import MAX_RPM
from agent.machine import AxisRole, BallCount, FaultOrders, Geometry, Inside
from agent.transport.mapping import Mapping
from agent.transport.mqtt import Broker
from agent.types import AXES

Positive = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Rpm = Annotated[float, msgspec.Meta(gt=0, le=MAX_RPM)]
BaseTopic = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,7}$")]


class AgentConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[agent]`: who this agent is and what it runs."""

    id: Id
    site: str | None = None
    state_dir: str = msgspec.field(default_factory=state_folder)
    language: Literal["ko", "en"] = "en"
    bundle: str = "default"
    runtime: runtimes.Choice = "auto"
    bearings: tuple[str, ...] = ()  # tables of the plant's own bearings
    workers: Literal["auto"] | Annotated[int, msgspec.Meta(ge=1, le=64)] = "auto"  # processes that hear sensors


class PublishConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[publish]`: what goes out, and where below which topic."""

    base_topic: BaseTopic = "textvib"
    diagnoses: bool = True
    queue: Annotated[int, msgspec.Meta(ge=10, le=100_000)] = 1000  # diagnoses kept for each sink while it is away
    home_assistant: BaseTopic | None = None  # its discovery prefix, usually "homeassistant"; None: it is not told
    commands: bool = False  # whether alerts may be acknowledged and closed over MQTT


class BundleConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[bundle]`: whose bundles are taken."""

    trusted_keys: str | None = None  # folder of public keys, *.pub
    require_signature: bool = False

    def __post_init__(self) -> None:
        if self.require_signature and self.trusted_keys is None:
            raise ValueError(
                "require_signature needs trusted_keys, a folder of the public keys (*.pub) of who may sign"
            )


class OrdersConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Fault orders of a bearing in multiples of shaft speed, as its maker prints them; two suffice."""

    bpfo: Positive
    bpfi: Positive | None = None
    bsf: Positive | None = None
    ftf: Positive | None = None

    def __post_init__(self) -> None:
        _ = self.orders  # says what contradicts

    @property
    def orders(self) -> FaultOrders:
        return checked_orders(bpfo=self.bpfo, bpfi=self.bpfi, bsf=self.bsf, ftf=self.ftf)


class GeometryConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A bearing by its measures, its fault orders or its number of balls; also `[bearings.NAME]`, an addition to the
    catalogue."""

    balls: Annotated[int, msgspec.Meta(ge=3, le=200)] | None = None
    ball_mm: Positive | None = None
    pitch_mm: Positive | None = None
    angle_deg: Annotated[float, msgspec.Meta(ge=0, lt=90)] = 0.0
    orders: OrdersConfig | None = None

    def __post_init__(self) -> None:
        measures = {"balls": self.balls, "ball_mm": self.ball_mm, "pitch_mm": self.pitch_mm}
        lacking = [name for name, value in measures.items() if value is None]
        if self.orders is not None:
            if len(lacking) < len(measures):
                raise ValueError("give orders, or balls, ball_mm and pitch_mm; remove one of them")
            return
        if lacking and lacking != ["ball_mm", "pitch_mm"]:
            raise ValueError(
                f"{', '.join(lacking)} missing; give balls, ball_mm and pitch_mm, or orders, or balls alone"
            )
        if self.balls is None or self.ball_mm is None or self.pitch_mm is None:
            return
        if self.balls * self.ball_mm >= 3.1416 * self.pitch_mm:
            room = f"{self.balls} balls of {self.ball_mm} mm do not fit on a pitch circle of {self.pitch_mm} mm"
            raise ValueError(f"{room}; pitch_mm is the diameter of the circle through the balls' centres")

    @property
    def inside(self) -> Inside:
        if self.orders is not None:
            return self.orders.orders
        assert self.balls is not None
        if self.ball_mm is None or self.pitch_mm is None:
            return BallCount(self.balls)
        return Geometry(balls=self.balls, ball_mm=self.ball_mm, pitch_mm=self.pitch_mm, angle_deg=self.angle_deg)


class SpeedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where a machine's speed comes from: a constant, a topic, a line's column, or an estimate from the spectrum.

    `source` names the `[[sources]]` entry that hears the topic; without a topic, the line among whose columns it is.
    """

    rpm: Rpm | None = None
    tolerance: Annotated[float, msgspec.Meta(ge=0, le=0.2)] | None = None  # of rpm, relative; 0: rpm is exact
    topic: str | None = None
    source: Id | None = None
    mapping: str | Mapping | None = None  # of the topic's messages; text: a ready one's name
    estimate: tuple[Rpm, Rpm] | None = None  # beside a topic: where the speed is sought while that is silent
    maintenance_after_min: Annotated[float, msgspec.Meta(gt=0, le=1e6)] = 15.0  # of a topic's silence while it runs

    def __post_init__(self) -> None:
        measured = self.source or self.topic
        ways = (self.rpm, measured, self.estimate if measured is None else None)
        if sum(way is not None for way in ways) != 1 or (self.rpm is not None and self.estimate is not None):
            raise ValueError("give one of rpm = 1797, topic = ... with source = ..., or estimate = [lowest, highest]")
        if self.tolerance is not None and self.rpm is None:
            raise ValueError("tolerance belongs to rpm; remove it, or give rpm")
        if self.topic is not None and self.source is None:
            raise ValueError(
                "topic and source belong together; source names the [[sources]] entry that hears the topic"
            )
        if self.mapping is not None and self.topic is None:
            raise ValueError("mapping says where a topic's messages put the speed; give topic and source, or remove it")
        if self.estimate is not None and self.estimate[0] >= self.estimate[1]:
            raise ValueError("estimate is [lowest rpm, highest rpm]; the first must be the smaller")
        if self.estimate is not None and self.estimate[1] >= 2 * self.estimate[0]:
            raise ValueError("estimate must stay under 2:1, or a speed and its double look alike; narrow it")


class ShaftConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A shaft that turns `ratio` times as fast as the machine's reference shaft."""

    ratio: Positive = 1.0


class BearingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A bearing on a shaft; its lines can be placed by one of geometry and orders, and roughly by its balls alone."""

    shaft: Id | None = None
    geometry: str | GeometryConfig | None = None
    orders: OrdersConfig | None = None
    balls: Annotated[int, msgspec.Meta(ge=3, le=200)] | None = None

    def __post_init__(self) -> None:
        if sum(way is not None for way in (self.geometry, self.orders, self.balls)) > 1:
            raise ValueError("geometry, orders and balls are three ways to say one thing; give one")


class MachineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[machines.ID]`."""

    name: str | None = None
    speed: SpeedConfig | None = None
    iso_group: Literal[1, 2] | None = None
    foundation: Literal["rigid", "flexible"] | None = None
    shafts: dict[Id, ShaftConfig] = {}
    bearings: dict[Id, BearingConfig] = {}


class SensorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[sensors.ID]`: one sensor, how its samples are found in a source, and where it sits."""

    source: Id
    machine: Id
    stream: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None
    device: str | None = None
    address: Annotated[int, msgspec.Meta(ge=1, le=247)] | None = None  # of a transmitter on a Modbus line
    topic: str | None = None
    mapping: str | Mapping | None = None  # of the topic's messages; text: a ready one's name
    quantity: Literal["velocity_rms_mm_s", "acceleration_rms_g", "temperature_c"] | None = None  # a transmitter's
    axis: str | None = None  # of that quantity
    rate_hz: Positive | None = None  # serves senders that declare none, and lets `check` tell what it suffices for
    unit: Literal["g", "m/s2", "raw"] | None = None  # serves senders that declare none
    full_scale: Positive | None = None  # in that unit; a sample at or beyond it is clipped
    position: str | None = None
    bearings: tuple[Id, ...] | None = None  # None: all of the machine's
    axes: dict[Literal[AXES], AxisRole] = {}  # type: ignore[valid-type]  # the axis names are listed once, in types.py
    idle_below_g: Annotated[float, msgspec.Meta(ge=0, le=1e3)] | None = None
    snapshot_every_s: Annotated[float, msgspec.Meta(ge=1, le=1e6)] | None = None  # of a sensor that sleeps in between
    decision: dict[str, Any] = {}  # overrides of [decision], checked as such


class SourceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[sources]]` entry: its name, its kind, and the rest as that kind's own struct."""

    name: str
    kind: str
    settings: Any


class SinkConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[sinks]]` entry: where messages go beside `[broker]`."""

    name: str
    kind: str
    settings: Any


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file; `notices` are remarks that stop nothing."""

    agent: AgentConfig
    bundle: BundleConfig = BundleConfig()
    broker: Broker = Broker()
    publish: PublishConfig = PublishConfig()
    decision: DecisionConfig = DecisionConfig()
    ring: RingConfig = RingConfig()
    trend: TrendConfig = TrendConfig()
    metrics: MetricsConfig = MetricsConfig()
    web: WebConfig | None = None
    log: LogConfig = LogConfig()
    sources: tuple[SourceConfig, ...]
    sinks: tuple[SinkConfig, ...] = ()
    machines: dict[str, MachineConfig]
    bearings: dict[str, GeometryConfig] = {}
    tables: dict[str, Entry] = {}  # the bearings of agent.bearings, by name
    sensors: dict[str, SensorConfig]
    notices: tuple[str, ...] = ()
