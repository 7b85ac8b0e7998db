"""Imports go one way, and the folders say which: read from the sources, and seen in a fresh interpreter.

A rule is about folders. Each is a function from a tree to what breaks it there, so that it is shown one, too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from parsed_sources import module_of, nodes_of
from requirements import ROOT

from agent.recordings import FORMATS

PACKAGES = {
    "firmware_bridge": {"simulator"},  # the simulator on use alone, see below
    "simulator": set[str](),
    "agent": {"firmware_bridge", "simulator"},  # the simulator for demo and bench alone, see below
    "export": {"agent", "simulator", "firmware_bridge"},
}
"""Package -> the others that it may import."""

FLOORS = {
    "agent": (
        "errors limits faults protobuf npy",
        "types machine",
        "ports dsp bearings tables",
        "stream diagnosis transport",
        "recordings alerting bundle trend",
        "sources pipeline",
        "messages",
        "sinks report",
        "config explain",
        "service",
        "setup",
        "web",
        "commands bench demo",
        "cli",
        "__main__",
    ),
    "export": (
        "progress network extras",
        "data text",
        "training scoring",
        "calibration shrinking",
        "runs",
        "bundling",
        "evaluation studies",
        "commands",
        "cli",
        "__main__",
    ),
}
"""Package -> its rooms, lowest first; rooms of one floor do not import each other."""

NEIGHBOURS = {
    ("agent", "bench", "commands"),
    ("export", "text", "data"),
    ("export", "training", "scoring"),
    ("export", "studies", "evaluation"),
}
"""(package, room, the room of its own floor that it may import)."""

WAITING = {"socket", "time", "threading", "asyncio", "queue", "signal", "subprocess", "selectors", "ssl"}
PURE = (
    "errors types limits faults protobuf npy machine bearings tables dsp stream diagnosis alerting bundle pipeline"
    " report trend",
    "agent/bundle/runtimes",
)
"""Rooms of agent that take time as a number, and the folder in them that need not."""
OF_FORMATS = {row.package for row in FORMATS.values() if row.package}
HEAVY = {"torch", "onnx", "transformers", "sklearn", "tokenizers", "matplotlib"} | OF_FORMATS
EDGE = {"numpy", "onnxruntime", "paho", "serial", "msgspec", "ai_edge_litert", "tflite_runtime"}
BY_ROOM = {
    "bench": {"scipy"},
    "demo": {"amqtt", "rich"},
    "recordings": OF_FORMATS,
    "bundle": {"cryptography"},
    "service": {"prometheus_client"},
    "sinks": {"asyncua", "cryptography"},
    "web": {"starlette", "uvicorn"},
}
"""Room of agent -> what it may import beyond the edge's own packages, on use."""
FENCED = "export.studies"  # read by the commands alone
MOST_TOP_MODULES = {"agent": 12, "export": 6}
BRIDGE_WITHOUT_NUMPY = "frames decoder cobs limits values packing parsing layout session"


class Tree:
    """The Python modules below a root, by dotted name, with what each imports when it runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        paths = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
        self.modules = {self._dotted(path): path for path in paths}

    def _dotted(self, path: Path) -> str:
        parts = path.relative_to(self.root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def of(self, package: str) -> dict[str, Path]:
        return {name: path for name, path in self.modules.items() if name.split(".")[0] == package}

    def needs(self, name: str, *, top_level_only: bool = False) -> set[str]:
        """Dotted names of our own modules, and the first part of all others, that module `name` imports."""
        found = set()
        for wanted in imports_in(self.modules[name], top_level_only=top_level_only):
            while wanted and wanted not in self.modules:
                rest = wanted.rpartition(".")[0]
                if not rest:
                    break
                wanted = rest
            found.add(wanted)
        return found - {name}


@cache
def imports_in(path: Path, *, top_level_only: bool) -> frozenset[str]:
    return frozenset(imports_of(path, top_level_only=top_level_only))


def imports_of(path: Path, *, top_level_only: bool) -> Iterator[str]:
    """Dotted names that a module imports when it runs, leaving out relative ones and those for the type checker."""
    pending: list[ast.AST] = [module_of(path)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and _asks_for_the_type_checker(node.test):
            pending.extend(node.orelse)
        elif not (top_level_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            pending.extend(ast.iter_child_nodes(node))


def _asks_for_the_type_checker(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in (getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(test))


def room_of(name: str) -> str:
    """The folder or module directly in its package that `name` belongs to; "" for the package itself."""
    return ".".join(name.split(".")[1:2])


# ------------------------------------------------------------------------------------------------------ what is broken


def foreign_packages(tree: Tree) -> list[str]:
    return [
        f"{name} imports {wanted}"
        for package, others in PACKAGES.items()
        for name in tree.of(package)
        for wanted in sorted(tree.needs(name))
        if wanted.split(".")[0] in PACKAGES.keys() - others - {package}
    ]


def upward_imports(tree: Tree) -> list[str]:
    broken = []
    for package, floors in FLOORS.items():
        floor = {room: number for number, rooms in enumerate(floors) for room in rooms.split()}
        for name in tree.of(package):
            room = room_of(name)
            for wanted in sorted(tree.needs(name)):
                other = room_of(wanted)
                if not wanted.startswith(f"{package}.") or other == room or not room:
                    continue
                below = floor.get(other, 99) < floor.get(room, -1)
                if not below and (package, room, other) not in NEIGHBOURS:
                    broken.append(f"{name} imports {wanted}")
    return broken


def rooms_without_a_floor(tree: Tree) -> list[str]:
    known = {f"{package}.{room}" for package, floors in FLOORS.items() for room in " ".join(floors).split()}
    rooms = {f"{p}.{room_of(name)}" for p in FLOORS for name in tree.of(p) if room_of(name)}
    data = {"agent.bundles"}
    return sorted(rooms - known - data)


def circles(tree: Tree) -> list[str]:
    """Modules that import each other, directly or over others, when they are loaded or used."""
    graph = {name: {n for n in tree.needs(name) if n in tree.modules and n != name} for name in tree.modules}
    while leaves := [name for name, wanted in graph.items() if not wanted]:
        for leaf in leaves:
            del graph[leaf]
        for wanted in graph.values():
            wanted.difference_update(leaves)
    on_the_way = set(graph)
    reached = {wanted for name in on_the_way for wanted in graph[name]}
    return sorted(on_the_way & reached)


def waiting_in_pure_rooms(tree: Tree) -> list[str]:
    rooms, free = PURE
    return [
        f"{name} imports {wanted}"
        for name, path in tree.of("agent").items()
        if room_of(name) in rooms.split() and free not in path.as_posix()
        for wanted in sorted({n.split(".")[0] for n in tree.needs(name)} & WAITING)
    ]


def threads_outside_service(tree: Tree) -> list[str]:
    rooms = ("service", "demo", "bench")
    return [n for n, path in tree.of("agent").items() if room_of(n) not in rooms and _names_a_thread(path)]


def _names_a_thread(path: Path) -> bool:
    written = (n for n in nodes_of(path) if isinstance(n, ast.Attribute) and n.attr == "Thread")
    imported = imports_in(path, top_level_only=False)
    return "threading.Thread" in imported or any(ast.unparse(node) == "threading.Thread" for node in written)


def foreign_to_the_edge(tree: Tree) -> list[str]:
    broken = []
    for name in tree.of("agent"):
        allowed = EDGE | set(PACKAGES) | {"__future__"} | set(sys.stdlib_module_names)
        used = {n.split(".")[0] for n in tree.needs(name)} - allowed - BY_ROOM.get(room_of(name), set())
        early = {n.split(".")[0] for n in tree.needs(name, top_level_only=True)} & HEAVY
        broken.extend(f"{name} imports {wanted}" for wanted in sorted(used | early))
    return broken


def over_the_fence(tree: Tree) -> list[str]:
    return [
        f"{name} imports {wanted}"
        for name in tree.of("export")
        if not name.startswith((FENCED, "export.commands"))
        for wanted in sorted(tree.needs(name))
        if wanted.startswith(FENCED)
    ]


def users_of_the_simulator(tree: Tree) -> list[str]:
    """Those in agent that are neither demo nor benchmark, and those in the bridge that load it before they need it."""
    agent = [name for name in tree.of("agent") if room_of(name) not in ("demo", "bench")]
    used = [name for name in agent if any(n.split(".")[0] == "simulator" for n in tree.needs(name))]
    bridge = tree.of("firmware_bridge")
    return used + [n for n in bridge if any(w.startswith("simulator") for w in tree.needs(n, top_level_only=True))]


def foreign_to_the_bridge(tree: Tree) -> list[str]:
    broken = []
    for name in tree.of("firmware_bridge"):
        foreign = {n.split(".")[0] for n in tree.needs(name, top_level_only=True)}
        foreign -= {"firmware_bridge", "__future__"} | set(sys.stdlib_module_names)
        if name.split(".")[-1] not in BRIDGE_WITHOUT_NUMPY.split():
            foreign -= {"numpy"}
        broken.extend(f"{name} imports {wanted}" for wanted in sorted(foreign))
    return broken


def crowded_tops(tree: Tree) -> list[str]:
    tops = {package: len(list((tree.root / package).glob("*.py"))) for package in MOST_TOP_MODULES}
    return [f"{package}: {count} modules" for package, count in tops.items() if count > MOST_TOP_MODULES[package]]


def folders_without_tests(tree: Tree) -> list[str]:
    """Folders with modules of their own beside which `tests/` has no folder, or one without a test."""
    modules = [path for path in tree.modules.values() if path.name != "__init__.py"]
    folders = {path.parent for path in modules if (path.parent / "__init__.py").exists()}
    found = []
    for folder in sorted(folders):
        mirror = tree.root / "tests" / folder.relative_to(tree.root)
        if not any(mirror.glob("test_*.py")):
            found.append(folder.relative_to(tree.root).as_posix())
    return found


BREAKS = {
    foreign_packages: {"simulator/machine.py": "from agent.types import Speed"},
    upward_imports: {"agent/dsp/features.py": "def f():\n    from agent.bundle import load"},
    rooms_without_a_floor: {"agent/helpers/text.py": ""},
    circles: {"agent/dsp/a.py": "import agent.dsp.b", "agent/dsp/b.py": "def f():\n    from agent.dsp import a"},
    waiting_in_pure_rooms: {"agent/stream/clock.py": "from time import monotonic"},
    threads_outside_service: {"agent/sources/serial.py": "import threading\nthreading.Thread(target=print).start()"},
    foreign_to_the_edge: {"agent/recordings/hdf5.py": "import h5py"},  # on use only
    over_the_fence: {"export/runs/train_run.py": "from export.studies.columns import splits"},
    users_of_the_simulator: {"agent/commands/replay.py": "def f():\n    import simulator"},
    foreign_to_the_bridge: {"firmware_bridge/frames.py": "import numpy"},
    crowded_tops: {f"export/m{number}.py": "" for number in range(7)},
    folders_without_tests: {"agent/sinks/mqtt.py": ""},
}
"""Rule -> the modules of a tree that breaks it."""


@pytest.fixture(scope="module")
def ours() -> Tree:
    return Tree(ROOT)


@pytest.mark.parametrize("rule", BREAKS, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule, ours):
    assert rule(ours) == []


@pytest.mark.parametrize("rule", BREAKS, ids=lambda rule: rule.__name__)
def test_a_tree_that_breaks_the_rule_is_noticed(rule, tmp_path):
    for place, text in BREAKS[rule].items():
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for folder in path.relative_to(tmp_path).parents:  # what is imported is there, and nothing more
            (tmp_path / folder / "__init__.py").touch() if folder.parts else None
    for wanted in ("agent/types", "agent/bundle/load", "export/studies/columns/splits", "simulator/__init__"):
        path = tmp_path / f"{wanted}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert rule(Tree(tmp_path))


@pytest.mark.parametrize("argv", [["--help"], ["status", "--help"], ["run", "--help"]])
def test_the_command_line_loads_nothing_heavy(argv):
    script = (
        "import sys\n"
        "from agent.cli import main\n"
        f"try:\n    main({argv!r})\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.rpartition("LOADED")[2].split())
    assert loaded
    assert not loaded & (HEAVY | {"numpy", "onnxruntime", "paho"}), loaded & (HEAVY | {"numpy", "onnxruntime", "paho"})


def test_the_daemon_loads_no_workstation_library():
    script = (
        "import sys, agent.cli, agent.service.daemon, agent.commands.check\n"
        "print(*{n.split('.')[0] for n in sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(ran.stdout.split()) & HEAVY


def doubled_names(tests: Path) -> list[str]:
    """Files of tests that share a name: pytest imports them by it, and would take the one for the other."""
    places: dict[str, list[str]] = {}
    for path in sorted(tests.rglob("*.py")):
        if path.name != "conftest.py":
            places.setdefault(path.name, []).append(path.relative_to(tests).as_posix())
    return [" and ".join(same) for same in places.values() if len(same) > 1]


def test_no_two_files_of_tests_have_one_name(tmp_path):
    assert doubled_names(ROOT / "tests") == [], "give one of each another name"
    for place in ("a/test_x.py", "b/test_x.py", "a/conftest.py", "b/conftest.py"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    assert doubled_names(tmp_path) == ["a/test_x.py and b/test_x.py"]
