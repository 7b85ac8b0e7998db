"""all-MiniLM-L6-v2 in plain numpy: its weights from safetensors, its tokens from tokenizers, no transformers, no torch.

A BERT encoder (Devlin et al. 2019, arXiv 1810.04805) of 6 layers, the mean of its token vectors, unit length.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from export.extras import MINILM
from export.network.graph import Floats
from export.progress import track
from export.text.vector_cache import VectorCache

LAYERS, HEADS, EPSILON = 6, 12, 1e-12


class MiniLmEncoder:
    """384 numbers per sentence; about 10 ms each on one core, and nothing for one that was ever read before."""

    def __init__(self, *, cache: Path | None = None) -> None:
        self.name = "minilm-l6-v2"
        self.dim = 384
        spec = importlib.util.find_spec(MINILM)
        if spec is None or spec.origin is None:
            raise ImportError(f"no package {MINILM}")
        self._folder = Path(spec.origin).parent / "model"
        self._kept = VectorCache(self.name, dim=self.dim, version=self._version(), folder=cache)
        self._network: _Network | None = None

    def encode(self, texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if self._kept.get(text) is None]
        read = {text: vector for text in texts if (vector := self._kept.get(text)) is not None}
        if new:
            self._network = self._network or _Network(self._folder)
            fresh: dict[str, Floats] = {}
            try:
                for text in track(new, "sentences read by MiniLM"):
                    fresh[text] = self._network.read(text)
            finally:  # whoever stops it keeps what was read
                self._kept.put(fresh)
            read |= fresh
        return np.stack([read[text] for text in texts])

    def _version(self) -> str:
        """Changes with the arithmetic below, the installed weights and the tokens."""
        files = [self._folder / name for name in ("model.safetensors", "tokenizer.json")]
        stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return repr((Path(__file__).read_text(encoding="utf-8"), stats))


class _Network:
    """The weights, which take a moment to load, and the pass through them."""

    def __init__(self, folder: Path) -> None:
        self._weights: dict[str, Floats] = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(256)

    def read(self, text: str) -> Floats:
        """(384,), of unit length."""
        w = self._weights
        ids = np.array(self._tokenizer.encode(text).ids)
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            at = f"encoder.layer.{layer}"
            attended = self._linear(self._attention(x, f"{at}.attention.self"), f"{at}.attention.output.dense")
            x = self._norm(x + attended, f"{at}.attention.output.LayerNorm")
            inner = _gelu(self._linear(x, f"{at}.intermediate.dense"))
            x = self._norm(x + self._linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        mean = x.mean(axis=0)
        unit: Floats = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit

    def _attention(self, x: Floats, at: str) -> Floats:
        n, width = x.shape
        size = width // HEADS
        query, key, value = (
            self._linear(x, f"{at}.{part}").reshape(n, HEADS, size).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(size)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed: Floats = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        return mixed.transpose(1, 0, 2).reshape(n, width)

    def _linear(self, x: Floats, at: str) -> Floats:
        return x @ self._weights[f"{at}.weight"].T + self._weights[f"{at}.bias"]

    def _norm(self, x: Floats, at: str) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
        normed: Floats = scaled * self._weights[f"{at}.weight"] + self._weights[f"{at}.bias"]
        return normed


def _gelu(x: Floats) -> Floats:
    """x times the normal distribution function, by the error function of Abramowitz & Stegun 7.1.26 (error < 2e-7)."""
    z = np.abs(x) / np.sqrt(2.0, dtype=np.float32)
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    result: Floats = (0.5 * x * (1 + erf)).astype(np.float32)
    return result
