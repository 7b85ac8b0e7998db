"""Manifests of published data sets, read off their folders and file names; what does not fit is reported, not guessed.

Each layout is a function of a folder that returns rows and notes about what it skipped.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from export.data.manifest import ManifestError, ManifestRow

SKF_6205 = "6205"
LISTED = 10  # files that a refusal names
UESTC_BEARING = "8/7.94/33.5"  # not published: assumed to be that of a 6204 insert


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of a layout, and one line for every file that was left out."""

    rows: tuple[ManifestRow, ...]
    skipped: tuple[str, ...]


def cwru(folder: Path) -> Found:
    """Case Western Reserve University, drive-end faults at 12 kHz; each fault size is one physical bearing.

    `97_Normal_0` is sampled at 48 kHz, whatever its neighbours are. The fan-end and base channels hear the same fault
    from another place, so faintly that learning from them costs a third of the recall on an unseen rig: left out.
    """
    speeds = {"0": 1797.0, "1": 1772.0, "2": 1750.0, "3": 1730.0}
    kinds = {"B": "ball", "IR": "inner_race", "OR": "outer_race"}
    rows, skipped = [], []
    for path in _files(folder):
        parts = path.relative_to(folder).parts
        load = re.search(r"_([0-3])\.mat$", path.name)
        kind = next((kinds[part] for part in parts if part in kinds), None)
        size = next((part for part in parts if re.fullmatch(r"0\d\d", part)), None)
        normal = path.name.startswith(("97_", "98_", "99_", "100_")) or "Normal" in path.name
        if load is None or (not normal and (kind is None or size is None)):
            skipped.append(f"{path}: its name and folders do not say fault, size and load")
            continue
        rows.append(
            ManifestRow(
                path=path,
                variable="*_DE_time",
                rate_hz=48_000.0 if normal else 12_000.0,
                rpm=speeds[load[1]],
                bearing=SKF_6205,
                machine="cwru-de",
                group="cwru-normal" if normal else f"cwru-{kind}-{size}",
                label="healthy" if normal or kind is None else kind,
            )
        )
    return Found(tuple(rows), tuple(skipped))


def hit(folder: Path) -> Found:
    """HIT self-built rig: `{Normal|IR|OR}{arc}_{rpm}.mat` at 51.2 kHz; each defect arc is one physical bearing."""
    kinds = {"Normal": "healthy", "IR": "inner_race", "OR": "outer_race"}
    return _by_name(
        folder,
        re.compile(r"(?P<kind>Normal|IR|OR)(?P<size>\d*)_(?P<rpm>\d{3,5})\.mat"),
        lambda path, found: ManifestRow(
            path=path,
            variable="*",
            rate_hz=51_200.0,
            rpm=float(found["rpm"]),
            bearing=SKF_6205,
            machine="hit",
            group=f"hit-{found['kind']}{found['size']}",
            label=kinds[found["kind"]],
        ),
    )


def uestc(folder: Path) -> Found:
    """UESTC bench: `{N|I|O|B}_{rpm}_{k}.mat` at 20 kHz; one continuous recording per condition.

    The speeds in its names are set points: its spectra show shafts that turn up to 8 % faster.
    """
    kinds = {"N": "healthy", "I": "inner_race", "O": "outer_race", "B": "ball"}
    return _by_name(
        folder,
        re.compile(r"(?P<kind>[NIOB])_(?P<rpm>\d{3,5})_\d+\.mat"),
        lambda path, found: ManifestRow(
            path=path,
            variable="Data",
            rate_hz=20_000.0,
            rpm=float(found["rpm"]),
            bearing=UESTC_BEARING,
            machine="uestc",
            group=f"uestc-{found['kind']}",
            label=kinds[found["kind"]],
            rpm_tolerance=0.1,
        ),
    )


def uos(folder: Path) -> Found:
    """University of Seoul: `{rot}_{bearing}_{kHz}_{type}_{rpm}.mat`; a fault of the rotor outranks none of the bearing.

    Recordings with a rotor fault and a bearing fault at once have no single label and are skipped.
    """
    imbalance, misalignment = ("U", "U1", "U2", "U3"), ("M", "M1", "M2", "M3")
    rotor = {"H": None, "L": "looseness"}
    rotor |= dict.fromkeys(imbalance, "imbalance") | dict.fromkeys(misalignment, "misalignment")
    bearing = {"H": None, "B": "ball", "IR": "inner_race", "OR": "outer_race"}
    names = re.compile(
        r"(?P<rotor>[A-Z]\d?)_(?P<bearing>H|B|IR|OR)_(?P<khz>\d+)_(?P<type>[A-Za-z0-9]+)_(?P<rpm>\d{3,5})\.mat"
    )

    def row(path: Path, found: re.Match[str]) -> ManifestRow | None:
        if found["rotor"] not in rotor or (rotor[found["rotor"]] and bearing[found["bearing"]]):
            return None
        return ManifestRow(
            path=path,
            variable="*",
            rate_hz=float(found["khz"]) * 1000,
            rpm=float(found["rpm"]),
            bearing=found["type"] if found["type"] in UOS_BEARINGS else "",
            machine=f"uos-{found['type']}",
            group=f"uos-{found['type']}-{found['rotor']}-{found['bearing']}",
            label=rotor[found["rotor"]] or bearing[found["bearing"]] or "healthy",
        )

    return _by_name(folder, names, row)


UOS_BEARINGS = ("6204",)
"""Ball bearings of that set whose geometry the catalogue holds; its roller bearings go without."""

LAYOUTS: dict[str, Callable[[Path], Found]] = {"cwru": cwru, "uestc": uestc, "hit": hit, "uos": uos}


def guess_at(folder: Path) -> str:
    """What to say of a folder that is not of the layout that was named: of which one it is, or that it is of none."""
    counts = {name: len(layout(folder).rows) for name, layout in LAYOUTS.items()}
    best = max(counts, key=lambda name: counts[name])
    if counts[best]:
        command = shlex.join(["python", "-m", "export", "manifest", best, str(folder)])
        return f"; as {best} it has {counts[best]}: {command}"
    return (
        f"; and of none of {', '.join(counts)}: write the manifest yourself, one row per recording (docs/training.md)"
    )


def listed(skipped: Sequence[str]) -> list[str]:
    """Lines of what was left out, the first ones and how many more there are, to stand below what to do about it."""
    more = [f"skipped {len(skipped) - LISTED} more"] if len(skipped) > LISTED else []
    return [*(f"skipped {line}" for line in skipped[:LISTED]), *more]


def _by_name(
    folder: Path, names: re.Pattern[str], row_of: Callable[[Path, re.Match[str]], ManifestRow | None]
) -> Found:
    rows, skipped = [], []
    for path in _files(folder):
        found = names.fullmatch(path.name)
        row = row_of(path, found) if found else None
        if row is None:
            skipped.append(f"{path}: its name does not say one fault and a speed")
        else:
            rows.append(row)
    return Found(tuple(rows), tuple(skipped))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.mat"))


FOLDERS: dict[str, Callable[[Path], Found]] = {"cwru": cwru, "hit_selfbuilt": hit, "uestc": uestc, "uos": uos}
"""Folder name below a data folder -> its layout."""


def check_below(data: Path) -> None:
    """ManifestError, with what to do instead, where `data` holds no recording of any known set."""
    if not data.is_dir():
        raise ManifestError(f"--data {data}: no such folder; name one with {', '.join(FOLDERS)} in it, or a --manifest")
    found = rows_below(data)
    if found.rows:
        return
    told = f"--data {data}: no recording of a known set in a folder {', '.join(FOLDERS)}"
    raise ManifestError("\n".join([told + guess_at(data), *listed(found.skipped)]))


def rows_below(data: Path) -> Found:
    """Rows of every known set in `data`; sets that are not there are left out and said."""
    rows: list[ManifestRow] = []
    skipped: list[str] = []
    for name, layout in FOLDERS.items():
        if not (data / name).is_dir():
            skipped.append(f"{data / name}: not there")
            continue
        found = layout(data / name)
        rows += found.rows
        skipped += found.skipped
    return Found(tuple(rows), tuple(skipped))
