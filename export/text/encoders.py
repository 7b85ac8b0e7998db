"""Sentences -> numbers: the wordings of every fault, and the encoders that read them.

An encoder behind `TextEncoder` is fixed; what is learnt is the tower above it (`tower`). Character n-grams carry
Korean, where MiniLM's vocabulary has no entry for words such as 외륜; MiniLM carries English words that no training
sentence used; the glossary (`export.text.glossary`) carries what words mean in both languages, and denials.
"""

from __future__ import annotations

import io
import tomllib
import unicodedata
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import numpy as np

from agent.diagnosis.matching import Text
from agent.errors import TextVibError
from export.extras import require, text_packages
from export.network.graph import Floats, unit_rows
from export.progress import track
from export.text.glossary import GlossaryEncoder, glossary_file

FOLDER = Path(__file__).parent / "wordings"
LANGUAGES = ("ko", "en")
SHIPPED = "ngrams+minilm+glossary"
"""What the shipped recipe reads sentences by, as `text_encoder` takes it."""
NONE = "none"
"""The fault of a sentence that describes none; no vibration has this label and no bundle this description."""

HOLD_SENTENCES = "hold a table per language, fault = [sentences]"

Content = TypeVar("Content")

Wordings = Mapping[str, Mapping[str, Sequence[str]]]
"""language -> fault -> sentences"""


class TextError(TextVibError):
    """A wordings file or a text package is not what it must be; the message says what to mend."""

    exit_code = 65


@dataclass(frozen=True, slots=True)
class Sentences:
    """Flat lists of the same length."""

    texts: tuple[str, ...]
    faults: tuple[str, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EncodedSentences:
    """Sentences and their fixed vectors (sentences, text dim), as an encoder reads them."""

    sentences: Sentences
    vectors: Floats


class TextEncoder(Protocol):
    """Fixed numbers for sentences; `name` says which, so that a stored tower can be refused for another."""

    name: str
    dim: int

    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), dim), rows of unit length."""


def read_file(path: Path, kind: type[Content], *, must: str) -> Content:
    """A TOML file as `kind`; TextError says what is wrong and what it `must` do or hold."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except OSError as error:
        raise TextError(
            f"{path}: cannot be read ({error.strerror}); name an existing file, which must {must}"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TextError(f"{path}: {error}; it must {must}") from error


def read_wordings(path: Path) -> Wordings:
    """A TOML file with a table per language, fault id -> list of sentences; TextError names what is wrong."""
    wordings = read_file(path, dict[str, dict[str, tuple[str, ...]]], must=HOLD_SENTENCES)
    for language, faults in wordings.items():
        for fault, sentences in faults.items():
            if not sentences or any(not sentence.strip() for sentence in sentences):
                raise TextError(f"{path}: {language}.{fault}: an empty list or sentence; write one or take it out")
    return wordings


def read_texts(path: Path = FOLDER / "texts.toml") -> dict[str, dict[str, Text]]:
    """What the agent publishes: fault -> language -> Text."""
    return read_file(path, dict[str, dict[str, Text]], must="hold title, sentence and advice per fault and language")


def sentences_of(wordings: Wordings, faults: Sequence[str]) -> Sentences:
    """The sentences of `faults` in every language; TextError where one has none."""
    found = []
    for language, table in wordings.items():
        for fault in faults:
            if fault not in table:
                raise TextError(f"no sentence for {language}.{fault}; add one to the wordings")
            found += [(text, fault, language) for text in table[fault]]
    texts, labels, languages = zip(*found, strict=True)
    return Sentences(texts, labels, languages)


class NgramEncoder:
    """Counts of character n-grams, 1 to `longest` long, hashed into `dim` buckets.

    Hashing trick: Weinberger et al. 2009 (arXiv 0902.2206), CRC-32 as the hash because it is the same everywhere.
    """

    def __init__(self, *, dim: int = 2048, longest: int = 4) -> None:
        self.name = f"ngrams-{longest}-{dim}"
        self.dim = dim
        self._longest = longest

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(track(texts, "sentences read by their n-grams")):
            grams = self._grams(text)
            places = [zlib.crc32(gram.encode()) % self.dim for gram in grams]
            np.add.at(rows[row], places, np.sqrt(list(grams.values())))
        return unit_rows(rows)

    def _grams(self, text: str) -> Counter[str]:
        clean = f" {' '.join(unicodedata.normalize('NFC', text).lower().split())} "
        return Counter(clean[i : i + n] for n in range(1, self._longest + 1) for i in range(len(clean) - n + 1))


class JoinedEncoder:
    """Several encoders side by side, each with the same say."""

    def __init__(self, parts: Sequence[TextEncoder]) -> None:
        self.name = "+".join(part.name for part in parts)
        self.dim = sum(part.dim for part in parts)
        self._parts = tuple(parts)

    def encode(self, texts: Sequence[str]) -> Floats:
        return unit_rows(np.concatenate([part.encode(texts) for part in self._parts], axis=1))


def text_encoder(kind: str) -> TextEncoder:
    """ "ngrams", "minilm", "glossary" or several joined by +; TextError for another, ConfigError if not installed.

    "glossary" is the newest one; "glossary-" with the hash that a tower names is the one which that was trained with.
    """
    parts: list[TextEncoder] = []
    for name in kind.split("+"):
        if name == "ngrams":
            parts.append(NgramEncoder())
        elif name == "minilm":
            require("text encoder minilm", text_packages(name))
            from export.text.minilm import MiniLmEncoder

            parts.append(MiniLmEncoder())
        elif name.startswith("glossary"):
            if (path := glossary_file(name)) is None:
                raise TextError(f"{name}: not among {FOLDER}/glossary*.toml; install the release that it comes from")
            parts.append(GlossaryEncoder(path))
        else:
            raise TextError(f"unknown text encoder {name!r}; known: ngrams, minilm, glossary, joined by +")
    return parts[0] if len(parts) == 1 else JoinedEncoder(parts)


def encoder_name(content: bytes) -> str:
    """Which text encoders a stored tower reads by, joined by +, as `text_encoder` takes them (glossaries by hash)."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        name = str(stored["encoder"])
    return "+".join(part if part.startswith("glossary") else part.split("-")[0] for part in name.split("+"))
