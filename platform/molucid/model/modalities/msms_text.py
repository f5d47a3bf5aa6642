"""Tandem mass spectra as text: m/z and intensity rounded to 0.1 (arXiv 2510.23746, released code).

As released: intensities on a 0–100 scale, peaks below 1 dropped, both numbers rounded to one decimal, peaks
in the order of m/z, own `<bos>` and `<eos>`. Different, and why:

- The vocabulary is arithmetic, one token for each tenth of m/z up to `max_mz` and for each tenth of
  intensity. The released one is what 10,000 sampled rows contained, so the m/z of heavy ions became `<unk>`;
  it also shared tokens between m/z and intensity, so that `100.0` could be either. A peak above `max_mz` has
  one token that says so.
- Intensities are always scaled to a base peak of 100. The released pre-training left two of five simulators
  at 0–1, where the threshold of 1 removed nearly all their peaks.
- A spectrum with more than `max_peaks` peaks keeps its most intense ones; the released code cut off the
  highest m/z.
- Padding is masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from molucid.config import Config
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.base import Features, ModalityEncoder
from molucid.model.modalities.token_ids import BOS, EOS, NUM_SPECIALS, TokenEncoder, collate_ids, ids_features
from molucid.spectra.types import Evidence, MassSpectrum

_TENTHS = 10


class MsmsTextConfig(Config):
    """Vocabulary and length of the text form.

    Attributes:
        form: `text`.
        min_intensity: least intensity kept, in percent of the base peak.
        max_peaks: most peaks kept per spectrum, by intensity; two tokens each.
        max_mz: largest m/z with a token of its own.
    """

    form: Literal["text"] = "text"
    min_intensity: float = Field(default=1.0, ge=0, le=100)
    max_peaks: PositiveInt = 461
    max_mz: PositiveFloat = 1500.0


class MsmsText:
    """Each spectrum as `<bos> mz intensity mz intensity … <eos>`; several spectra follow one another."""

    name = "msms"

    def __init__(self, config: MsmsTextConfig) -> None:
        self.config = config
        self._highest_mz = round(config.max_mz * _TENTHS)
        # m/z 0.0 … max_mz, then the token of larger m/z, then intensities 0.0 … 100.0
        self._first_intensity = NUM_SPECIALS + self._highest_mz + 2
        self.vocabulary_size = self._first_intensity + 100 * _TENTHS + 1

    def featurize(self, evidence: Evidence) -> Features:
        """`ids_L` of all spectra; empty without one."""
        ids = [token for spectrum in evidence.msms for token in self._spectrum_ids(spectrum)]
        return ids_features(ids)

    def collate(self, features: Sequence[Features]) -> Features:
        """`ids_BL` and `mask_BL`."""
        return collate_ids(features)

    def build_encoder(self, spec: LayerSpec) -> ModalityEncoder:
        """Embedding table of the vocabulary."""
        return TokenEncoder(self.vocabulary_size, spec)

    def mz_token(self, mz: float) -> int:
        """Id of the token of an m/z, or of the one token for all above `max_mz`."""
        return NUM_SPECIALS + min(int(np.rint(mz * _TENTHS)), self._highest_mz + 1)

    def intensity_token(self, percent: float) -> int:
        """Id of the token of an intensity in percent of the base peak."""
        return self._first_intensity + int(np.rint(percent * _TENTHS))

    def _spectrum_ids(self, spectrum: MassSpectrum) -> list[int]:
        base = spectrum.intensity.max(initial=0.0)
        percent = 100 * spectrum.intensity / base if base > 0 else spectrum.intensity
        kept = np.flatnonzero(percent >= self.config.min_intensity)
        kept = most_intense(kept, percent, self.config.max_peaks)
        pairs = [(self.mz_token(spectrum.mz[i]), self.intensity_token(percent[i])) for i in kept]
        return [BOS, *(token for pair in pairs for token in pair), EOS]


def most_intense(kept: NDArray[np.intp], intensity: NDArray[np.float64], limit: int) -> NDArray[np.intp]:
    """The `limit` members of `kept` of highest intensity, in the order of m/z; the lower m/z wins a tie."""
    if len(kept) <= limit:
        return kept
    order = np.argsort(-intensity[kept], kind="stable")[:limit]
    return np.sort(kept[order])
