"""All sizes and choices of the model; recipes are differences of this one configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from molucid.chem.notation import Notation
from molucid.config import Config
from molucid.model.fragment_heads import CompositionHeadConfig, SubstructureBranchConfig
from molucid.model.layer_spec import FeedForwardKind, LayerSpec, NormKind
from molucid.model.modalities.carbon_bins import CarbonBinsConfig
from molucid.model.modalities.conv_trace import ConvTraceConfig
from molucid.model.modalities.formula_counts import FormulaCountsConfig
from molucid.model.modalities.formula_text import FormulaTextConfig
from molucid.model.modalities.fragments import FragmentsConfig
from molucid.model.modalities.msms_peaks import MsmsPeaksConfig
from molucid.model.modalities.msms_text import MsmsTextConfig
from molucid.model.modalities.nmr_combined import NmrCombinedConfig
from molucid.model.modalities.nmr_lists import NmrListConfig
from molucid.model.modalities.nmr_trace import NmrTraceConfig
from molucid.model.modalities.stack import StackConfig
from molucid.spectra.grids import IR_GRID, NMR_GRIDS

PositionKind = Literal["sinusoidal", "sinusoidal_target", "rotary"]
ModalityName = Literal["formula", "msms", "ir", "h_nmr", "c_nmr", "fragments"]
MODALITY_NAMES: tuple[ModalityName, ...] = ("formula", "msms", "ir", "h_nmr", "c_nmr", "fragments")
NmrForm = Annotated[NmrTraceConfig | NmrListConfig | NmrCombinedConfig, Field(discriminator="form")]
CarbonForm = Annotated[
    CarbonBinsConfig | NmrTraceConfig | NmrListConfig | NmrCombinedConfig, Field(discriminator="form")
]
_POINTS = {
    "ir": IR_GRID.num_points,
    "h_nmr": NMR_GRIDS["1H"].num_points,
    "c_nmr": NMR_GRIDS["13C"].num_points,
}


class ModelConfig(Config):
    """Pre-norm encoder–decoder over any subset of its modalities.

    Attributes:
        width: D, dimension of every token.
        heads: attention heads; `width` is a multiple of twice this number.
        encoder_layers: transformer layers over the tokens of all modalities.
        decoder_layers: transformer layers that write SMILES.
        feed_forward_width: inner dimension of the feed-forward blocks.
        feed_forward: `relu` or `gelu` (two matrices), or the gated `geglu` and `swiglu` (three; Shazeer 2020).
        norm: LayerNorm or RMSNorm.
        positions: `sinusoidal` adds absolute positions to encoder and decoder tokens (text recipes), and
            `sinusoidal_target` to those of the decoder only; `rotary` turns queries and keys of decoder
            self-attention. The last two read the evidence as a set.
        dropout: of attention weights, residual branches and feed-forward activations, in training.
        modality_dropout: probability with which each modality of each sample is hidden, in training.
        tied_embeddings: whether the output projection is the target embedding.
        target: notation that the decoder writes.
        stereo: whether targets tell configurations.
        fusion: transformer over the tokens of all modalities before the structure encoder (eq. 9 of arXiv
            2512.19733); without layers they are only joined, the paper's ablation.
        type_embeddings: whether each token also carries which modality it is of.
        fingerprint_bits: F, bits of the predicted fingerprint (Morgan, radius 2, folded); `None` for no head.
        fingerprint_hidden: hidden width of the fingerprint head.
        num_fragments: size of the fragment vocabulary that samples are packed with.
        fragment_head: predicts fragment counts (`form: counts`) or presence (`form: binary`); `None` for no head.
        modalities: evidence that is read, in the order of its tokens.
        formula: form of the molecular formula; `form` is `counts` or `text`.
        msms: form of tandem mass spectra; `form` is `peaks` or `text`.
        ir: tokens of infrared spectra.
        h_nmr: form of ¹H NMR; `form` is `trace`, `peaks` or `combined`.
        c_nmr: form of ¹³C NMR; as of ¹H, or `bins`.
        fragments: form of known substructures.
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
    target: Notation = "smiles"
    stereo: bool = False
    fusion: StackConfig = StackConfig(layers=0)
    type_embeddings: bool = False
    fingerprint_bits: PositiveInt | None = 4096
    fingerprint_hidden: PositiveInt = 512
    num_fragments: PositiveInt = 991
    fragment_head: (
        Annotated[CompositionHeadConfig | SubstructureBranchConfig, Field(discriminator="form")] | None
    ) = None
    modalities: tuple[ModalityName, ...] = ("formula", "msms")
    formula: Annotated[FormulaCountsConfig | FormulaTextConfig, Field(discriminator="form")] = (
        FormulaCountsConfig()
    )
    msms: Annotated[MsmsPeaksConfig | MsmsTextConfig, Field(discriminator="form")] = MsmsPeaksConfig()
    ir: ConvTraceConfig = ConvTraceConfig(pools=(4, 5), stack=StackConfig(layers=0))
    h_nmr: NmrForm = NmrCombinedConfig()
    c_nmr: CarbonForm = NmrCombinedConfig()
    fragments: FragmentsConfig = FragmentsConfig()

    def layer_spec(self) -> LayerSpec:
        """Sizes and kinds of this model's transformer layers."""
        return LayerSpec(
            self.width, self.heads, self.feed_forward_width, self.feed_forward, self.norm, self.dropout
        )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is not a multiple of 2 x heads = {2 * self.heads}")
        if not self.modalities or len(set(self.modalities)) < len(self.modalities):
            raise ValueError("modalities must be named once each, and at least one")
        for name in ("fusion", "fragment_head", *self.modalities):
            for place, part in _parts(name, getattr(self, name)):
                self._check_part(place, part, _POINTS.get(name, 0))
        return self

    def _check_part(self, place: str, part: Config, num_points: int) -> None:
        if isinstance(part, StackConfig) and part.layers and self.width % part.heads:
            raise ValueError(f"width {self.width} is not a multiple of {place}.heads = {part.heads}")
        if isinstance(part, ConvTraceConfig) and part.num_tokens(num_points) < 1:
            raise ValueError(f"{place}.pools {part.pools} leave no token of {num_points} points")


def _parts(place: str, value: object) -> Iterator[tuple[str, Config]]:
    """A configuration and all below it, each with its dotted name."""
    if isinstance(value, Config):
        yield place, value
        for name in type(value).model_fields:
            yield from _parts(f"{place}.{name}", getattr(value, name))
