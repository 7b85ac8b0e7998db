"""The drawings of a section in their order, each with a caption that says what it shows and how to read it."""

from __future__ import annotations

from collections.abc import Iterator

from agent.messages.words import say, words_for
from agent.report.figures import said_place
from agent.report.frame import Drawing
from agent.report.markup import Markup, element
from agent.report.section import Picture, Section
from agent.report.spectra_drawn import envelope, low_spectrum, whole_spectrum
from agent.report.tables import wide
from agent.report.time_drawn import trend, waveform


def drawings(section: Section, *, id_: str) -> Iterator[Markup]:
    """Headings and figures; `id_` begins the names of all of them."""
    answer, picture = section.answer, section.picture
    language, drawn = answer.language, answer.clearest
    if picture is None or drawn is None:
        reason = words_for("reason", answer.verdict.reason, language)
        yield element("p", say("report.no_picture", language, reason=reason))
    else:
        code = "report.pictures" if answer.verdict.judged else "report.unusable_window"
        yield element("h3", say(code, language, place=said_place(answer, drawn)))
        yield from _of_window(section, picture, id_=id_)
    yield element("h3", say("report.over", language))
    over_all = trend(section, id_=f"{id_}-trend")
    if over_all is not None:
        yield _figure(over_all)
    else:
        code = "report.no_trend" if len(answer.diagnoses) > 1 else "report.one_window"
        yield element("p", say(code, language))


def _of_window(section: Section, picture: Picture, *, id_: str) -> Iterator[Markup]:
    yield _figure(waveform(section, picture, id_=f"{id_}-wave"))
    spectra = picture.spectra
    if spectra is None:
        return
    if spectra.hears_bearings:
        legend = say("report.legend", section.answer.language)
        yield _figure(envelope(section, picture, spectra, id_=f"{id_}-envelope"), legend)
    yield _figure(low_spectrum(section, picture, spectra, id_=f"{id_}-low"))
    yield _figure(whole_spectrum(section, spectra, id_=f"{id_}-whole"))


def _figure(shown: Drawing, more: str = "") -> Markup:
    said = " ".join(filter(None, (shown.description, more)))
    return element("figure", wide(shown.svg), element("figcaption", element("b", f"{shown.title}. "), said))
