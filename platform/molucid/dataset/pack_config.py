"""How records become packed rows."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import Field

from molucid.chem.fingerprints import FingerprintConfig
from molucid.chem.fragments import FragmentVocabulary
from molucid.config import Config
from molucid.dataset.splits import Fold, SplitConfig
from molucid.spectra.clean import CleanConfig


class PackConfig(Config):
    """How records become packed rows.

    Attributes:
        clean: clean-up of each record; the same as at inference.
        fingerprint: target of the fingerprint head.
        stereo: whether target SMILES tell configurations; without, stereoisomers are one molecule.
        selfies: whether targets are packed as SELFIES, too; a molecule that these cannot write is rejected.
        fragments: vocabulary whose fragments are counted: `default`, the path of a file, or `None` for none.
        spectra: `optional` keeps molecules without any spectrum, which train a model of fragments.
        split: keep only molecules of this split by hash; `None` for all.
        splits: shares of the splits.
        one_record_per_molecule: reject a second record of the same structure; for simulated corpora, where it
            is the same information again.
        num_processes: processes that do the chemistry; the result does not depend on it.
    """

    clean: CleanConfig = Field(default_factory=CleanConfig)
    fingerprint: FingerprintConfig = FingerprintConfig(num_bits=4096)
    stereo: bool = False
    selfies: bool = False
    fragments: str | None = "default"
    spectra: Literal["required", "optional"] = "required"
    split: Fold | None = None
    splits: SplitConfig = SplitConfig()
    one_record_per_molecule: bool = False
    num_processes: int = Field(default=1, ge=1)

    def vocabulary(self) -> FragmentVocabulary | None:
        """The vocabulary that `fragments` names.

        Raises:
            InputError: no such file, or one that is not a vocabulary.
        """
        if self.fragments is None:
            return None
        return _default() if self.fragments == "default" else FragmentVocabulary.load(self.fragments)


@cache
def _default() -> FragmentVocabulary:
    return FragmentVocabulary.default()
