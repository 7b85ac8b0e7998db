"""The keys of the tables on what may be seen of the agent from outside: ring, trend, metrics endpoint, page, log."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec


class RingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[ring]`: the raw windows kept around each alert, below the state directory."""

    max_mb: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 64.0  # in 10^6 bytes, oldest out first; 0: nothing is kept
    keep_windows: Annotated[int, msgspec.Meta(ge=0, le=100)] = 4  # before those that raise an alert, and after them


class TrendConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[trend]`: the quantiles of each day, below the state directory."""

    years: Annotated[int, msgspec.Meta(ge=0, le=50)] = 10  # for how long they are kept; 0: not at all
    max_mb: Annotated[float, msgspec.Meta(ge=1, le=1e5)] = 64.0  # in 10^6 bytes; beyond, the oldest days go first


class MetricsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[metrics]`: the endpoint that Prometheus scrapes."""

    enabled: bool = False
    address: str = "127.0.0.1"  # of this computer, to listen on
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 9464  # 0: any that is free


class WebConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[web]`: the page for a browser. Without this table there is none."""

    listen: str = "127.0.0.1:8640"  # ADDRESS:PORT of this computer
    password_file: str | None = None  # asked for before anything is shown; needed beyond this computer
    hosts: tuple[str, ...] = ()  # names under which browsers reach it, where that is not `listen`
    cert_file: str | None = None  # with the key: it is served as https
    key_file: str | None = None
    setup_file: str | None = None  # this config, where the page may add sensors to it

    def __post_init__(self) -> None:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together; give both, or neither")


LogFormat: TypeAlias = Literal["auto", "text", "json", "journal"]


class LogConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[log]`: what the agent writes to standard error."""

    format: LogFormat = "auto"  # "auto": "journal" where systemd reads it, else "text"
