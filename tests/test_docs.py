"""What the documentation points to is there: links, their headings, and the files and folders that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from requirements import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST_README_LINES = 120
LINK = re.compile(r"\]\((?!\w+:)([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.M | re.S)
PATH = re.compile(r"`((?:agent|export|firmware_bridge|simulator|tests|configs|deploy|docs)/[\w./-]*)`")


def broken_links(page: Path) -> list[str]:
    """Relative links of a page whose file, or whose heading in that file, does not exist."""
    broken = []
    for link in LINK.findall(CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))):
        place, _, heading = link.partition("#")
        target = page.parent / place if place else page
        if not target.exists() or (heading and heading not in headings_of(target)):
            broken.append(link)
    return broken


def headings_of(page: Path) -> set[str]:
    """The headings of a page as GitHub makes anchors of them."""
    titles = re.findall(r"^#+ (.+)$", CODE_BLOCK.sub("", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def missing_paths(page: Path, root: Path) -> list[str]:
    """Paths from `root` that a page names in backticks and that are not there."""
    return [path for path in PATH.findall(page.read_text(encoding="utf-8")) if not (root / path).exists()]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_that_are_named_exist(page):
    assert missing_paths(page, ROOT) == []


def test_readme_is_read_in_one_go():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_README_LINES


def test_every_page_is_in_an_index():
    for folder, index in ((ROOT / "docs", "README.md"), (ROOT / "docs" / "decisions", "README.md")):
        listed = LINK.findall((folder / index).read_text(encoding="utf-8"))
        assert {page.name for page in folder.glob("*.md")} - {index} <= set(listed)


def test_a_page_that_points_nowhere_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# One title\n[a](none.md) [b](page.md#another) [c](#one-title) [d](https://x.y) `agent/none.py` `agent/`\n"
    )
    (tmp_path / "agent").mkdir()
    assert broken_links(page) == ["none.md", "page.md#another"]
    assert missing_paths(page, tmp_path) == ["agent/none.py"]
