"""The workstation's commands about sentences: others for a bundle, what they are near, and how far to trust them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_replace, tell, tell_replay
from export.commands.ranking import add_ranking, add_reader

if TYPE_CHECKING:
    from export.evaluation.sentences import Found, Refused, Texts


def add_wording(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    describe = commands.add_parser(
        "describe",
        help="a bundle with faults described anew, its encoder untouched",
        description=(
            "Write a bundle that knows another fault, or the known ones by other words or by examples, without any "
            "training. Text towers read Korean and English. They read words, and hardly in which order these stand: "
            "that a sentence means what you mean is yours to see to; what lies near another fault or near none is told."
        ),
        epilog=(
            'Example: a file seal.toml with the lines [en] and seal_rub = ["The shaft rubs on its seal"], then: '
            "python -m export describe --descriptions seal.toml --out bundles/seal"
        ),
    )
    describe.add_argument(
        "--descriptions", type=Path, help="TOML: a table per language (ko, en), fault = [sentences] (docs/training.md)"
    )
    describe.add_argument(
        "--examples", type=Path, action="append", default=[], help="rows of judged alerts, of `adopt`; may be repeated"
    )
    describe.add_argument(
        "--takes-anyway", action="store_true", help="however many windows trained on examples take from other faults"
    )
    describe.add_argument(
        "--near-anyway",
        action="store_true",
        help="although words describe another fault, those of health one, or those of a fault nothing",
    )
    describe.add_argument("--out", type=Path, required=True, help="bundle folder")
    add_replace(describe)
    describe.add_argument("--version", help="default: that of the bundle, marked as changed")
    add_reader(describe)
    describe.set_defaults(command=_describe)

    add_ranking(commands)

    texts = commands.add_parser(
        "texts",
        help="how far a bundle's sentences may be trusted, by never-seen ones",
        description=(
            "Read sentences that no training has seen, kind by kind in Korean and English: how many about a fault are "
            "nearest to their own and reach the limit, how many about none (denials, praise, other subjects) stay "
            "below it, and which lie worst. Look here before you trust `rank` or `describe`."
        ),
        epilog="Example: python -m export texts --bundle bundles/mine --out judged",
    )
    texts.add_argument("--out", type=Path, help="folder for texts.png")
    texts.add_argument("--json", action="store_true", help="end with one JSON document")
    add_reader(texts)
    texts.set_defaults(command=_texts)


# What a command needs takes seconds to load: each imports what it uses, so that --help answers at once.


def _describe(arguments: argparse.Namespace) -> int:
    from export.bundling.examples import as_lines
    from export.bundling.redescribe import redescribe

    made = redescribe(
        arguments.bundle,
        arguments.descriptions,
        arguments.out,
        examples=arguments.examples,
        tower=arguments.tower,
        version=arguments.version,
        takes_anyway=arguments.takes_anyway,
        near_anyway=arguments.near_anyway,
        replace=arguments.replace,
    )
    for fault, other in made.nearest.items():
        grant = f", granted {made.granted[fault]:+.2f}" if fault in made.granted else ""
        print(f"{fault:<16} nearest other fault {other.fault} ({other.similarity:.2f}){grant}")
    for fault in sorted(made.granted.keys() - made.nearest.keys()):
        print(f"{fault:<16} described before, granted {made.granted[fault]:+.2f} beside these")
    for line in as_lines(made.moved):
        print(line)
    for remark in made.remarks:
        tell(f"WARNING: {remark}")
    if arguments.descriptions is not None:
        tell("not checked: what the sentences mean; the tower reads words, and hardly in which order they stand")
    print(f"wrote {arguments.out}")
    tell_replay(arguments.out)
    return os.EX_OK


def _texts(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.bundle.load import load_bundle
    from export.bundling.sentence_reader import reader_of
    from export.evaluation.sentences import draw_texts, judge_texts, read_never_seen

    bundle = load_bundle(arguments.bundle)
    reader = reader_of(bundle, arguments.tower, folder=arguments.bundle)
    read = read_never_seen(bundle, reader)
    texts = judge_texts(bundle, reader, read)
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        draw_texts(arguments.out / "texts.png", bundle, reader, read)
        print(f"wrote {arguments.out / 'texts.png'}", file=sys.stderr)
    print(msgspec.json.encode(texts).decode() if arguments.json else _as_text(texts))
    return os.EX_OK


def _as_text(texts: Texts) -> str:
    rows = [
        f"bundle {texts.bundle}, near from a cosine of {texts.limit:.2f}",
        *_found_rows("about a fault", texts.found, width=16),
        *_refused_rows("about none", texts.refused, width=16),
        *_found_rows("own words, fault", texts.said_found, width=22),
        *_refused_rows("own words, denied", texts.said_refused, width=22),
        *_found_rows("as written, fault", texts.written_found, width=20),
        *_refused_rows("as written, none", texts.written_refused, width=20),
    ]
    if texts.wrong:
        rows += ["", "worst"]
        rows += [f"  {one.similarity:.2f} {one.nearest:<14}{one.sentence} ({one.fault})" for one in texts.wrong]
    return "\n".join(rows)


def _found_rows(title: str, found: Sequence[Found], *, width: int) -> Iterator[str]:
    yield from ("", f"{title:<{width}}{'sentences':>10}{'nearest its own':>18}{'and near it':>14}")
    for one in found:
        yield f"{f'{one.kind} {one.language}':<{width}}{one.sentences:>10}{one.nearest:>18.3f}{one.near:>14.3f}"


def _refused_rows(title: str, refused: Sequence[Refused], *, width: int) -> Iterator[str]:
    yield from ("", f"{title:<{width}}{'sentences':>10}{'near no fault':>18}{'median cosine':>14}")
    for one in refused:
        yield f"{f'{one.kind} {one.language}':<{width}}{one.sentences:>10}{one.near_none:>18.3f}{one.median:>14.2f}"
