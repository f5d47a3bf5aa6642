"""Beam search with the key–value cache against the same search that decodes every prefix anew.

    python -m benchmarks.generation_cache

Both searches run in this process on the same memory, one after the other; their outputs must be equal. The model has
the shape of the `molucid` recipe, smaller, with untrained weights: time does not depend on what they are. CPU time
stands beside wall time because other work on the machine disturbs the latter.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import torch
from torch import Tensor

from molucid.chem.formula import Formula
from molucid.generate.beam import beam_search
from molucid.generate.hypotheses import EOS, Hypothesis, StepwiseModel, unguided
from molucid.model.assembled import Molucid
from molucid.model.batch import Memory
from molucid.model.cache import DecoderCache
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.spectra.types import Evidence, MassSpectrum

REQUIRED_SPEED_UP = 10.0
TOLERANCE = 1e-4
"""Largest difference of two log-likelihoods of about 60 tokens, summed from float32 probabilities."""


class EndsOften:
    """A model made likelier to end its strings, so that both searches finish many that can be compared."""

    def __init__(self, model: StepwiseModel) -> None:
        self.model = model

    def start_cache(self, memory: Memory, beams: int, max_length: int) -> DecoderCache:
        """As the model does."""
        return self.model.start_cache(memory, beams, max_length)

    def decode_step(self, token_N: Tensor, cache: DecoderCache) -> Tensor:
        """The model's logits `[N, V]` with that of `<eos>` raised."""
        logits_NV = self.model.decode_step(token_N, cache)
        logits_NV[:, EOS] += 4.0
        return logits_NV


class PrefixCache:
    """What the search without cache keeps: the tokens of every row."""

    def __init__(self, memory: Memory, beams: int) -> None:
        repeat = lambda tensor: tensor.repeat_interleave(beams, dim=0)  # noqa: E731
        self.memory = Memory(repeat(memory.tokens_BMD), repeat(memory.mask_BM), repeat(memory.pooled_BD))
        self.prefix_NT = torch.empty(
            len(self.memory.mask_BM), 0, dtype=torch.int64, device=memory.mask_BM.device
        )

    def reorder(self, source_rows_N: Tensor) -> None:
        """Let row n continue row `source_rows_N[n]`."""
        self.prefix_NT = self.prefix_NT[source_rows_N]


class WithoutCache:
    """The model's decoder over the whole prefix at each step."""

    def __init__(self, model: Molucid) -> None:
        self.model = model

    def start_cache(self, memory: Memory, beams: int, max_length: int) -> PrefixCache:
        """Nothing is precomputed."""
        return PrefixCache(memory, beams)

    def decode_step(self, token_N: Tensor, cache: PrefixCache) -> Tensor:
        """Logits `[N, V]` after one more token per row."""
        cache.prefix_NT = torch.cat([cache.prefix_NT, token_N[:, None]], dim=1)
        return self.model.decode(cache.prefix_NT, cache.memory)[:, -1]


def made_up_evidence(number: int, peaks: int) -> list[Evidence]:
    """Spectra of `peaks` peaks at random m/z."""
    generator = np.random.default_rng(0)
    return [
        Evidence(
            str(i),
            Formula({"C": 15 + i, "H": 20 + i, "N": 2, "O": 4}),
            (
                MassSpectrum(
                    np.sort(generator.uniform(50, 300, peaks)), generator.random(peaks), 301.0, "[M+H]+"
                ),
            ),
        )
        for i in range(number)
    ]


def timed(
    model: StepwiseModel, memory: Memory, beams: int, tokens: int
) -> tuple[list[tuple[Hypothesis, ...]], float, float]:
    """Found strings, wall seconds and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    # A pool that never fills keeps the search going for all tokens.
    found = beam_search(
        EndsOften(model),
        memory,
        unguided(len(memory.tokens_BMD)),
        num_beams=beams,
        num_finished=beams * tokens + 1,
        max_length=tokens,
        score="mean",
    )
    return found, time.perf_counter() - wall, time.process_time() - cpu


def same(a: list[tuple[Hypothesis, ...]], b: list[tuple[Hypothesis, ...]]) -> bool:
    """Whether both searches finished the same strings with the same log-likelihoods."""
    likelihoods = [
        {h.token_ids: h.log_likelihood for h in hypotheses} for hypotheses in (sum(a, ()), sum(b, ()))
    ]
    return likelihoods[0].keys() == likelihoods[1].keys() and all(
        abs(value - likelihoods[1][tokens]) < TOLERANCE for tokens, value in likelihoods[0].items()
    )


def main() -> int:
    """Print the table; exit status 1 if the outputs differ or the speed-up is not reached."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--beams", type=int, default=10)
    parser.add_argument("--tokens", type=int, default=60)
    parser.add_argument("--peaks", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    config = ModelConfig(
        width=256, heads=8, encoder_layers=4, decoder_layers=4, feed_forward_width=704, fingerprint_bits=None
    )
    model = Molucid(config).to(options.device).eval()
    evidence = made_up_evidence(options.batch, options.peaks)
    with torch.inference_mode():
        memory = model.encode(collate_evidence(evidence, model.modalities).to(options.device).inputs)
        timed(model, memory, options.beams, 3)
        with_cache = timed(model, memory, options.beams, options.tokens)
        without = timed(WithoutCache(model), memory, options.beams, options.tokens)
    equal = same(with_cache[0], without[0]) and all(with_cache[0])
    speed_up, speed_up_cpu = without[1] / with_cache[1], without[2] / with_cache[2]
    print(f"{model.num_parameters / 1e6:.1f} M parameters, batch {options.batch}, {options.beams} beams,")
    print(f"{options.tokens} tokens, {memory.mask_BM.shape[1]} memory tokens, {options.threads} thread(s)")
    print(f"{'':16}{'wall s':>10}{'CPU s':>10}{'spectra/s':>12}")
    for name, (_, wall, cpu) in (("with cache", with_cache), ("without cache", without)):
        print(f"{name:16}{wall:10.2f}{cpu:10.2f}{options.batch / wall:12.2f}")
    print(f"{'speed-up':16}{speed_up:10.1f}{speed_up_cpu:10.1f}")
    print(f"outputs equal: {equal} ({sum(map(len, with_cache[0]))} strings)")
    return 0 if equal and speed_up >= REQUIRED_SPEED_UP else 1


if __name__ == "__main__":
    sys.exit(main())
