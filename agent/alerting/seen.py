"""Who has seen an open alert: a later word on it, said by another or by nobody who gave a name, leaves him standing."""

from __future__ import annotations

from agent.types import Alert


def seen_by(alert: Alert) -> str | None:
    """Who acknowledged it; None where nobody did, or nobody said who.

    An alert from before that was kept has the name only where nothing else was done with it since.
    """
    if not alert.acknowledged:
        return None
    return alert.acknowledged_by or (alert.by if alert.reason == "acknowledged" else None)
