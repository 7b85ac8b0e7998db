"""Markup: nothing that comes from elsewhere is ever read as markup, and all of it is well-formed."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from agent.report.markup import Markup, element, joined, text

HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=1>'", "a & b &lt;", "]]><!--", "\x00\x08\x1f\x7f\x85"]
TURNED = "gnp.\u202egpj.exe"
SURROGATE = b"pump\xff.wav".decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("words", [*HOSTILE, TURNED, SURROGATE, "\ufffe\uffff"])
def test_words_from_elsewhere_stay_words(words: str) -> None:
    made = element("p", words, title=words)
    parsed = ElementTree.fromstring(made.encode("utf-8").decode())
    assert list(parsed) == []
    assert parsed.text == parsed.attrib["title"]
    assert not set(parsed.text or "") & {"\u202e", "\x00", "\x1f", "\udcff"}


def test_an_element_is_put_in_as_it_is_and_escaped_once() -> None:
    inner = element("b", "<")
    assert element("p", inner, " & ") == "<p><b>&lt;</b> &amp; </p>"
    assert joined(inner, "<") == "<b>&lt;</b>&lt;"
    assert text(Markup("<b></b>")) == "<b></b>"


def test_attributes_are_left_out_named_and_rounded() -> None:
    made = element("rect", x=1.26, y=2.0, class_="a", aria_label="b", title=None)
    assert made == '<rect x="1.3" y="2" class="a" aria-label="b"/>'
    assert element("td") == "<td></td>"  # a slash would leave it open in HTML
