"""What the Makefile says its targets do."""

from __future__ import annotations

import re

from requirements import ROOT


def test_where_no_test_may_be_skipped_what_tests_need_is_installed_first():
    rules = re.findall(r"^([\w-]+):([^=\n]*)\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    strict = {name: needs.split() for name, needs, recipe in rules if "TEXTVIB_REQUIRE_ALL=1" in recipe}
    assert strict.keys() >= {"arm64", "systemd"}
    assert [name for name, needs in strict.items() if "system-packages" not in needs] == []
