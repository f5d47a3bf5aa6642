"""The model: modalities → encoder → memory → SMILES decoder and fingerprint head.

Shapes: B batch, L tokens of one modality, M memory tokens, T target tokens, D width, V vocabulary, F
fingerprint bits, K beams, N = B·K rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from molucid.chem.notation import tokenizer_of
from molucid.errors import InputError
from molucid.model.batch import Arrays, Memory
from molucid.model.blocks import CosSin, make_norm
from molucid.model.cache import DecoderCache
from molucid.model.config import ModelConfig
from molucid.model.fragment_heads import (
    CompositionHead,
    CompositionHeadConfig,
    FragmentHead,
    SubstructureBranch,
)
from molucid.model.heads import FingerprintHead
from molucid.model.initial import initialise
from molucid.model.modalities.registry import build_modalities
from molucid.model.modalities.stack import Stack
from molucid.model.objective import Predictions
from molucid.model.positions import rotation, sinusoidal
from molucid.model.transformer import Decoder, Encoder


class Molucid(nn.Module):
    """Evidence in, logits of SMILES tokens and fingerprint bits out.

    Attributes:
        config: all sizes and choices.
        modalities: what makes this model's inputs from evidence, by name.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.modalities = build_modalities(config)
        spec = config.layer_spec()
        self.modality_encoders = nn.ModuleDict(
            {name: modality.build_encoder(spec) for name, modality in self.modalities.items()}
        )
        self.modality_type = (
            nn.Embedding(len(self.modalities), config.width) if config.type_embeddings else None
        )
        # The only memory token of a sample that has no evidence, so that attention always has something to
        # read.
        self.no_evidence = nn.Embedding(1, config.width)
        self.fusion = Stack(config.fusion, spec)
        self.encoder = Encoder(spec, config.encoder_layers)
        vocabulary_size = tokenizer_of(config.target).size
        self.target_embedding = nn.Embedding(vocabulary_size, config.width)
        self.target_norm = make_norm(config.norm, config.width)
        self.decoder = Decoder(spec, config.decoder_layers)
        self.output = None if config.tied_embeddings else nn.Linear(config.width, vocabulary_size)
        self.embedding_dropout = nn.Dropout(config.dropout)
        bits = config.fingerprint_bits
        self.fingerprint_head = (
            None if bits is None else FingerprintHead(config.width, config.fingerprint_hidden, bits)
        )
        self.fragment_head = _fragment_head(config)
        initialise(self)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.target_embedding.weight.device

    @property
    def num_parameters(self) -> int:
        """Number of trained numbers."""
        return sum(parameter.numel() for parameter in self.parameters())

    def forward(
        self,
        inputs: Mapping[str, Arrays],
        target_in_BT: Tensor | None,
        with_fingerprint: bool,
        fragments_BG: Tensor | None = None,
    ) -> Predictions:
        """Predictions for a training step.

        Args:
            inputs: modality name → its arrays.
            target_in_BT: `<bos> …` without the last token; `None` skips the decoder.
            with_fingerprint: whether the fingerprint head runs.
            fragments_BG: true fragment counts, of which the fragment head gives the loss; `None` skips it.
        """
        memory = self.encode(inputs)
        return Predictions(
            None if target_in_BT is None else self.decode(target_in_BT, memory),
            self.fingerprint_logits(memory) if with_fingerprint else None,
            None if fragments_BG is None else self._fragments()(memory, fragments_BG),
        )

    def encode(self, inputs: Mapping[str, Arrays]) -> Memory:
        """Read the evidence.

        A modality of the model that `inputs` lacks has no tokens; padding changes nothing for real tokens.

        Raises:
            InputError: `inputs` name a modality that this model does not have.
        """
        unknown = set(inputs) - set(self.modalities)
        if unknown:
            raise InputError(
                f"evidence of {', '.join(sorted(unknown))}",
                f"modalities of this model: {', '.join(self.modalities)}",
                code="unknown_modality",
            )
        parts, masks = [], []
        for number, (name, encoder) in enumerate(self.modality_encoders.items()):
            if name in inputs:
                tokens_BLD, mask_BL = encoder(inputs[name])
                if self.modality_type is not None:
                    # A call of the module, because sharded training gathers its table for that.
                    tokens_BLD = tokens_BLD + self.modality_type(
                        mask_BL.new_full((1,), number, dtype=torch.int64)
                    )
                if self.training and self.config.modality_dropout:
                    shown_B1 = (
                        torch.rand(len(mask_BL), 1, device=mask_BL.device) >= self.config.modality_dropout
                    )
                    mask_BL = mask_BL & shown_B1
                parts.append(tokens_BLD)
                masks.append(mask_BL)
        if not parts:
            raise InputError("no modality at all", "inputs of at least one modality", code="no_modality")
        some_evidence_B1 = torch.cat(masks, dim=1).any(dim=1, keepdim=True)
        index_B1 = torch.zeros_like(some_evidence_B1, dtype=torch.int64)
        tokens_BMD = torch.cat([self.no_evidence(index_B1).to(parts[0].dtype), *parts], dim=1)
        mask_BM = torch.cat([~some_evidence_B1, *masks], dim=1)
        if self.config.positions == "sinusoidal":
            # Counting real tokens only keeps a sample's positions free of its neighbours' padding.
            position_BM = (mask_BM.cumsum(dim=1) - 1).clamp(min=0)
            tokens_BMD = tokens_BMD + sinusoidal(position_BM, self.config.width)
        fused_BMD = self.fusion(self.embedding_dropout(tokens_BMD), mask_BM)
        tokens_BMD = self.encoder(fused_BMD, mask_BM)
        return Memory(tokens_BMD, mask_BM, _mean(tokens_BMD, mask_BM), fused_BMD, _mean(fused_BMD, mask_BM))

    def decode(self, target_in_BT: Tensor, memory: Memory) -> Tensor:
        """Logits `[B, T, V]` of the token after each target token (teacher forcing).

        Padding at the end of a target changes nothing before it; logits at padding are to be ignored.
        """
        position_T = torch.arange(target_in_BT.shape[1], device=target_in_BT.device)
        x_BTD, cos_sin = self._embed(target_in_BT, position_T)
        return self._logits(self.decoder(x_BTD, memory.tokens_BMD, memory.mask_BM, cos_sin))

    def fingerprint_logits(self, memory: Memory) -> Tensor:
        """Logits `[B, F]` of the fingerprint's bits.

        Raises:
            InputError: the model has no fingerprint head.
        """
        if self.fingerprint_head is None:
            raise InputError(
                "a model without a fingerprint head",
                "model.fingerprint_bits set",
                hint="use a recipe that trains fingerprints, or set objective.lambda_=0",
                code="no_fingerprint_head",
            )
        logits_BF: Tensor = self.fingerprint_head(memory.pooled_BD)
        return logits_BF

    def fragment_counts(self, memory: Memory) -> Tensor:
        """Most probable fragment counts, int64 `[B, G]`.

        Raises:
            InputError: the model has no fragment head.
        """
        return self._fragments().predict(memory)

    def _fragments(self) -> FragmentHead:
        if self.fragment_head is None:
            raise InputError(
                "a model without a fragment head",
                "model.fragment_head set",
                hint="use a recipe that trains fragments, or set objective.beta=0",
                code="no_fragment_head",
            )
        return self.fragment_head

    def start_cache(self, memory: Memory, beams: int, max_length: int) -> DecoderCache:
        """A cache for decoding up to `max_length` tokens (`<bos>` counted) in `beams` rows per sample."""
        config = self.config
        pairs = self.decoder.memory_keys_values(memory.tokens_BMD)
        first = pairs[0][0]
        rows, head_width = first.shape[0] * beams, config.width // config.heads
        return DecoderCache(
            beams=beams,
            max_length=max_length,
            length=0,
            self_key_value=first.new_empty(
                config.decoder_layers, 2, rows, config.heads, max_length, head_width
            ),
            cross_keys=tuple(keys for keys, _ in pairs),
            cross_values=tuple(values for _, values in pairs),
            memory_mask_B11M=memory.mask_BM[:, None, None, :],
        )

    def decode_step(self, token_N: Tensor, cache: DecoderCache) -> Tensor:
        """Logits `[N, V]` after one more token per row; equal to `decode` of the whole prefix.

        Args:
            token_N: the newest token of every row, `<bos>` at the first step.
            cache: of `start_cache`; extended in place.

        Raises:
            InputError: the cache is full.
        """
        if cache.length >= cache.max_length:
            raise InputError(
                f"token {cache.length + 1}", f"at most {cache.max_length} tokens", code="cache_full"
            )
        position_1 = torch.tensor([cache.length], device=token_N.device)
        x_N1D, cos_sin = self._embed(token_N[:, None], position_1)
        return self._logits(self.decoder.step(x_N1D, cache, cos_sin))[:, 0]

    def _embed(self, token_BT: Tensor, position_T: Tensor) -> tuple[Tensor, CosSin | None]:
        x_BTD = self.target_norm(self.target_embedding(token_BT))
        if self.config.positions == "rotary":
            return self.embedding_dropout(x_BTD), rotation(position_T, self.config.width // self.config.heads)
        return self.embedding_dropout(x_BTD + sinusoidal(position_T, self.config.width)), None

    def _logits(self, hidden_BTD: Tensor) -> Tensor:
        if self.output is None:
            return F.linear(hidden_BTD, self.target_embedding.weight)
        logits_BTV: Tensor = self.output(hidden_BTD)
        return logits_BTV


def _fragment_head(config: ModelConfig) -> FragmentHead | None:
    form = config.fragment_head
    if form is None:
        return None
    if isinstance(form, CompositionHeadConfig):
        return CompositionHead(form, config.width, config.num_fragments)
    return SubstructureBranch(form, config.layer_spec(), config.num_fragments)


def _mean(tokens_BMD: Tensor, mask_BM: Tensor) -> Tensor:
    real_BM1 = mask_BM[..., None]
    return (tokens_BMD * real_BM1).sum(dim=1) / real_BM1.sum(dim=1)


def new_model(config: ModelConfig, seed: int) -> Molucid:
    """A model whose initial parameters are a function of `seed`; torch's random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Molucid(config)
