"""Imports go one way: read from the sources, and seen in a fresh interpreter."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("firmware_bridge", "simulator", "agent", "export")
MAY_IMPORT = {
    "firmware_bridge": {"firmware_bridge", "simulator"},  # the simulator on use alone, see below
    "simulator": {"simulator"},
    "agent": {"agent", "firmware_bridge", "simulator"},  # the simulator for the demo alone, see below
    "export": {"export", "agent", "simulator", "firmware_bridge"},
}

LAYERS = (
    {"errors", "types", "machine"},
    {"catalogue", "columns", "decoding", "topics", "retry"},
    {"fft", "spectra", "envelope", "drift", "clock", "windowing", "quality", "detection", "gate"},
    {
        *("features", "speed", "baseline", "matching", "contradiction", "evidence", "decision", "ledger", "golden"),
        "scaling",
    },
    {"commissioning", "transmitter", "manifest", "bundle", "ports"},
    {"pipeline"},
    {
        *("timecolumn", "csvfiles", "matcheck", "matfiles", "wavfiles", "vbp", "recorded", "recordings", "recorder"),
        *("mqtt", "sources", "runtimes", "sinks"),
    },
)
"""Inside agent, lowest first; what is named nowhere is the daemon's side and may import all of it."""

PURE = {name for layer in LAYERS[:6] for name in layer}
WAITING = {"socket", "time", "threading", "asyncio", "queue", "signal", "subprocess", "selectors", "ssl"}
HEAVY = {"torch", "scipy", "onnx", "transformers", "sklearn", "tokenizers", "matplotlib"}
EDGE = {"numpy", "onnxruntime", "paho", "serial", "msgspec", "ai_edge_litert", "tflite_runtime"}
DEMO = {"amqtt", "rich"}


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports_of(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Dotted names that a module imports when it runs, leaving out relative ones and those for the type checker."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            continue
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending.extend(node.orelse)
        elif not (top_level_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            pending.extend(ast.iter_child_nodes(node))


def agent_module(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "agent" and len(parts) > 1 else None


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_one_way(package):
    for path in modules_of(package):
        foreign = {name.split(".")[0] for name in imports_of(path)} & set(PACKAGES)
        assert foreign <= MAY_IMPORT[package], f"{path} imports {foreign - MAY_IMPORT[package]}"


def test_the_simulator_is_for_demos_and_tools_alone():
    users = {
        str(path.relative_to(ROOT))
        for package in ("agent", "firmware_bridge")
        for path in modules_of(package)
        if any(name.split(".")[0] == "simulator" for name in imports_of(path))
    }
    assert all(user.startswith(("agent/demo", "agent/bench", "firmware_bridge/")) for user in users), users
    for path in modules_of("firmware_bridge"):
        assert not any(n.split(".")[0] == "simulator" for n in imports_of(path, top_level_only=True)), path


def test_inside_agent_nothing_imports_from_a_later_layer():
    rank = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    for path in modules_of("agent"):
        own = path.relative_to(ROOT / "agent").parts[0].removesuffix(".py")
        for target in filter(None, map(agent_module, imports_of(path))):
            if own in rank and target != own:
                assert target in rank, f"{path} imports agent.{target}, which belongs to the daemon's side"
                assert rank[target] <= rank[own], f"{path} imports agent.{target}, a later layer"


def test_nothing_that_makes_a_bundle_needs_what_judges_it():
    """In export, studies stand on everything else, and the commands on studies; only the command line reads those."""
    for path in modules_of("export"):
        own = path.relative_to(ROOT / "export").parts[0]
        needed = {name.split(".")[1] for name in imports_of(path) if name.startswith("export.")}
        if own != "commands" and own != "cli.py":
            assert "commands" not in needed, f"{path} imports a command"
        if own not in ("commands", "studies", "cli.py"):
            assert "studies" not in needed, f"{path} imports a study"


def test_the_data_path_never_waits():
    """The pipeline and all it stands on take time as a number: nothing there can block or look at a clock."""
    for name in sorted(PURE):
        path = ROOT / "agent" / f"{name}.py"
        if not path.exists():
            continue
        waiting = {n.split(".")[0] for n in imports_of(path)} & (WAITING)
        assert not waiting, f"{path} imports {waiting}"


def test_every_layer_names_modules_that_exist():
    for name in sorted(name for layer in LAYERS for name in layer):
        assert (ROOT / "agent" / f"{name}.py").exists() or (ROOT / "agent" / name).is_dir(), name


def test_the_edge_needs_no_more_than_it_installs():
    ours = {*PACKAGES, "__future__"}
    for path in modules_of("agent"):
        allowed = EDGE | ours | set(sys.stdlib_module_names)
        if path.name in ("recordings.py", "matfiles.py"):
            allowed |= {"scipy"}
        if "demo" in path.parts or path.name == "demo.py":
            allowed |= DEMO
        foreign = {name.split(".")[0] for name in imports_of(path)} - allowed
        assert not foreign, f"{path} imports {foreign}"
        assert "scipy" not in {n.split(".")[0] for n in imports_of(path, top_level_only=True)}, path


def test_the_bridge_runs_on_the_standard_library():
    for path in modules_of("firmware_bridge"):
        foreign = {n.split(".")[0] for n in imports_of(path, top_level_only=True)}
        assert foreign <= {"firmware_bridge", "__future__", "numpy"} | set(sys.stdlib_module_names), (
            f"{path}: {foreign}"
        )
        if path.stem in ("frames", "decoder", "cobs", "limits", "values", "packing", "parsing", "layout", "session"):
            assert "numpy" not in foreign, path


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
    script = "import sys, agent.cli, agent.daemon, agent.commands.check; print(*{n.split('.')[0] for n in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(ran.stdout.split()) & HEAVY
