"""What speaks against words given for a fault: those of another one or of nothing are refused, others remarked on.

The encoder was trained to put windows where the descriptions of before lie: words that lie at another fault's make
agents call that one by the wrong name, and no figure of the bundle would show it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agent.bundle.load import Bundle
from agent.types import HEALTHY
from export.bundling.given_words import Descriptions, each_sentence, sentences_of_given
from export.bundling.heard_sentence import DENYING, NEARLY, WRONG, denies, hear
from export.bundling.sentence_reader import Near, Reader, rank
from export.text.encoders import LANGUAGES, Sentences, TextError
from export.text.glossary import GlossaryEncoder
from export.text.languages import is_foreign
from export.text.moods import Mood, mood_of
from export.text.vague import Vague, vague_in

SAME = 0.95
"""Cosine to another fault's description from which words describe that one and no fault beside it."""
TAKEN_ANYWAY = "or write the bundle with --near-anyway"
STATES_NOTHING: dict[Mood | Vague, str] = {
    "question": "asks",
    "plan": "speaks of what is to be done",
    "condition": "speaks of what would be under a condition",
    "part alone": "names a part, and nothing that is known to be wrong with one",
    "complaint": "says that something is wrong, and not what",
}


def check_words(bundle: Bundle, reader: Reader, given: Descriptions) -> None:
    """TextError, a line each, for words of health that read like a fault, and of a fault that say nothing or another's.

    One sentence among others that says nothing is remarked on alone.
    """
    problems = [*_of_health(bundle, reader, given), *_of_nothing(given), *_of_others(bundle, reader, given)]
    if problems:
        raise TextError("\n".join(problems))


def remarks_on_words(bundle: Bundle, reader: Reader, given: Descriptions) -> Iterator[str]:
    """Sentences that state no fault, or that the descriptions of before place elsewhere than under their own.

    A new fault has no description yet: that it is near none is as it should be, and worth no remark.
    """
    for language, fault, sentence in each_sentence(given):
        where = f"{language}.{fault}: {sentence!r}"
        if is_foreign(sentence):
            yield f"{where} holds hardly a word that text towers have learnt: write it in {' or '.join(LANGUAGES)}"
        nothing = [one for one in (mood_of(sentence), vague_in(sentence)) if one is not None]
        if nothing:
            wanted = "that the machine is in order" if fault == HEALTHY else "what is wrong with the machine"
            yield f"{where} {' and '.join(STATES_NOTHING[one] for one in nothing)}: write {wanted}"
        ranking = rank(bundle, reader, sentence)
        first = ranking[0]
        if first.similarity >= reader.near:
            if first.fault != fault:
                yield f"{where} is near {first.fault} ({first.similarity:.2f}); describe what differs from it"
        elif fault == HEALTHY:
            if first.fault != fault:
                yield f"{where} is near no description; write plainly that the machine is in order"
        elif denies(hear(sentence, ranking, reader)):
            yield f"{where} denies a fault, or says that all is well: write what is wrong, and what is not leave out"
        elif fault in bundle.manifest.faults:
            yield f"{where} is near no fault; write what is wrong with the machine, and what is not leave out"


def _of_health(bundle: Bundle, reader: Reader, given: Descriptions) -> Iterator[str]:
    for language, fault, sentence in each_sentence(given):
        if fault == HEALTHY and (like := _fault_in(bundle, reader, sentence)) is not None:
            yield (
                f"{language}.{fault}: {sentence!r} {like}, and agents would take what is wrong for health; write how "
                f"the machine is when nothing is wrong with it, {TAKEN_ANYWAY}"
            )


def _of_nothing(given: Descriptions) -> Iterator[str]:
    """Faults of which no sentence says what is wrong."""
    each = list(each_sentence(given))
    for fault in dict.fromkeys(fault for _, fault, _ in each if fault != HEALTHY):
        own = [(language, sentence, vague_in(sentence)) for language, one, sentence in each if one == fault]
        language, sentence, vague = own[0]
        if vague is not None and all(kind is not None for _, _, kind in own):
            yield (
                f"{language}.{fault}: {sentence!r} {STATES_NOTHING[vague]}, and the tower puts it anywhere; write what "
                f"is wrong with the machine, {TAKEN_ANYWAY}"
            )


def _fault_in(bundle: Bundle, reader: Reader, sentence: str) -> str | None:
    """Which fault a sentence is near, all but near, or says in so many words; None for none."""
    concepts = GlossaryEncoder().concepts_in(sentence)
    denied, first = not concepts.isdisjoint(DENYING), rank(bundle, reader, sentence)[0]
    if first.fault != HEALTHY and first.similarity >= reader.near - (0 if denied else NEARLY):
        return f"is near {first.fault} ({first.similarity:.2f})"
    if vague_in(sentence) == "complaint":
        return "says that something is wrong"
    if not denied and "in_order" not in concepts and not concepts.isdisjoint(WRONG):
        return "says that something is wrong"
    return None


def _of_others(bundle: Bundle, reader: Reader, given: Descriptions) -> Iterator[str]:
    """Held against the descriptions of before, by which the encoder tells windows apart."""
    sentences = sentences_of_given(given)
    faults = tuple(fault for fault in dict.fromkeys(sentences.faults) if fault != HEALTHY)
    if not faults:
        return
    known = bundle.descriptions.faults
    cosines = reader.describe(sentences, faults, trained=()) @ reader.whole_descriptions(bundle).T
    for fault, row in zip(faults, cosines, strict=True):
        own = float(row[known.index(fault)]) if fault in known else -1.0
        other = int(row.argmax())
        if known[other] == fault or row[other] < SAME or row[other] <= own:
            continue
        taken = Near(known[other], float(row[other]))
        language, sentence = _nearest_to(bundle, reader, sentences, fault, taken.fault)
        yield (
            f"{language}.{fault}: {sentence!r} lies where {taken.fault} is described ({taken.similarity:.2f}), and "
            f"agents would call that {fault}; write what sets {fault} apart from it, {TAKEN_ANYWAY}"
        )


def _nearest_to(bundle: Bundle, reader: Reader, sentences: Sentences, fault: str, other: str) -> tuple[str, str]:
    """Language and text of the sentence of `fault` that lies nearest to the description of `other`."""
    own = [at for at, one in enumerate(sentences.faults) if one == fault]
    cosines = reader.cosines([sentences.texts[at] for at in own], bundle)[:, bundle.descriptions.faults.index(other)]
    nearest = own[int(np.argmax(cosines))]
    return sentences.languages[nearest], sentences.texts[nearest]
