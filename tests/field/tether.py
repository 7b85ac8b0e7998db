"""Commands that cannot outlive the test run that started them, not even where that is killed."""

from __future__ import annotations

from pathlib import Path


def tethered(*words: object) -> list[str]:
    """A command that ends, with all that it has started, when whoever started it does, however that comes about.

    It is the first process of a namespace of its own: where that ends, the kernel ends all others in it. It has mounts
    of its own, too. This takes root, setpriv and unshare.
    """
    tether = ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return [*tether, "--", *(str(word) for word in words)]


def first_child(process: int) -> int | None:
    """Of a process, where it is there and has one."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None
