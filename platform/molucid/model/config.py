"""All sizes and choices of the model; recipes are differences of this one configuration."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from molucid.config import Config
from molucid.model.modalities.formula_counts import FormulaCountsConfig
from molucid.model.modalities.formula_text import FormulaTextConfig
from molucid.model.modalities.msms_peaks import MsmsPeaksConfig
from molucid.model.modalities.msms_text import MsmsTextConfig

FeedForwardKind = Literal["gelu", "geglu", "swiglu"]
NormKind = Literal["layer", "rms"]
PositionKind = Literal["sinusoidal", "rotary"]
ModalityName = Literal["formula", "msms"]


class ModelConfig(Config):
    """Pre-norm encoder–decoder over any subset of its modalities.

    Attributes:
        width: D, dimension of every token.
        heads: attention heads; `width` is a multiple of twice this number.
        encoder_layers: transformer layers over the tokens of all modalities.
        decoder_layers: transformer layers that write SMILES.
        feed_forward_width: inner dimension of the feed-forward blocks.
        feed_forward: `gelu` (two matrices), or the gated `geglu` and `swiglu` (three; Shazeer 2020).
        norm: LayerNorm or RMSNorm.
        positions: `sinusoidal` adds absolute positions to encoder and decoder tokens (text recipes);
            `rotary` turns queries and keys of decoder self-attention and reads the evidence as a set.
        dropout: of attention weights, residual branches and feed-forward activations, in training.
        modality_dropout: probability with which each modality of each sample is hidden, in training.
        tied_embeddings: whether the output projection is the target embedding.
        fingerprint_bits: F, bits of the predicted fingerprint (Morgan, radius 2, folded); `None` for no head.
        fingerprint_hidden: hidden width of the fingerprint head.
        modalities: evidence that is read, in the order of its tokens.
        formula: form of the molecular formula; `form` is `counts` or `text`.
        msms: form of tandem mass spectra; `form` is `peaks` or `text`.
    """

    width: PositiveInt = 512
    heads: PositiveInt = 8
    encoder_layers: PositiveInt = 6
    decoder_layers: PositiveInt = 6
    feed_forward_width: PositiveInt = 1408
    feed_forward: FeedForwardKind = "swiglu"
    norm: NormKind = "rms"
    positions: PositionKind = "rotary"
    dropout: float = Field(default=0.1, ge=0, lt=1)
    modality_dropout: float = Field(default=0.0, ge=0, lt=1)
    tied_embeddings: bool = True
    fingerprint_bits: PositiveInt | None = 4096
    fingerprint_hidden: PositiveInt = 512
    modalities: tuple[ModalityName, ...] = ("formula", "msms")
    formula: Annotated[FormulaCountsConfig | FormulaTextConfig, Field(discriminator="form")] = (
        FormulaCountsConfig()
    )
    msms: Annotated[MsmsPeaksConfig | MsmsTextConfig, Field(discriminator="form")] = MsmsPeaksConfig()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is not a multiple of 2 x heads = {2 * self.heads}")
        if not self.modalities or len(set(self.modalities)) < len(self.modalities):
            raise ValueError("modalities must be named once each, and at least one")
        return self
