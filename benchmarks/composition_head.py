"""The fragment composition head against the published form that builds one row per sample and fragment.

    python -m benchmarks.composition_head

Forward and backward of both in fresh processes, in turns; prints time (median) and peak memory above what the process
held before, and their ratios: at equal count classes (233, as published), and with counts clipped at 30.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from molucid.model.batch import Memory
from molucid.model.fragment_heads import CompositionHead, CompositionHeadConfig

BATCH, WIDTH, NUM_FRAGMENTS, HIDDEN = 64, 128, 991, 256
PUBLISHED_CLASSES, CLIPPED_CLASSES = 233, 31


class MaterialisedHead(nn.Module):
    """Equation 11 as it stands: `MLP[h; e_v]` of B·V rows, logits of all of them, one cross-entropy."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.first = nn.Linear(WIDTH + NUM_FRAGMENTS, HIDDEN)
        self.second = nn.Linear(HIDDEN, num_classes)

    def forward(self, pooled_BD: Tensor, counts_BV: Tensor) -> Tensor:
        """Summed cross-entropy."""
        num_samples = len(pooled_BD)
        rows = torch.cat(
            [
                pooled_BD[:, None, :].expand(-1, NUM_FRAGMENTS, -1),
                torch.eye(NUM_FRAGMENTS).expand(num_samples, -1, -1),
            ],
            dim=-1,
        )
        logits = self.second(F.gelu(self.first(rows)))
        return F.cross_entropy(logits.flatten(0, 1), counts_BV.flatten(), reduction="sum")


def make(form: str) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of one form as a function of pooled memory and counts."""
    torch.manual_seed(0)
    if form == "materialised":
        return MaterialisedHead(PUBLISHED_CLASSES)
    classes = PUBLISHED_CLASSES if form == "factored" else CLIPPED_CLASSES
    head = CompositionHead(CompositionHeadConfig(hidden=HIDDEN, max_count=classes - 1), WIDTH, NUM_FRAGMENTS)
    mask = torch.ones(BATCH, 1, dtype=torch.bool)

    def loss(pooled_BD: Tensor, counts_BV: Tensor) -> Tensor:
        tokens = pooled_BD[:, None, :]
        return head(Memory(tokens, mask, pooled_BD, tokens, pooled_BD), counts_BV)

    return loss


class PeakMemory:
    """The most resident memory this process has while the context lasts, by sampling every millisecond."""

    def __enter__(self) -> PeakMemory:
        self.start_bytes = self.peak_bytes = _resident_bytes()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def above_start_bytes(self) -> int:
        """Peak less what there was at the start."""
        return self.peak_bytes - self.start_bytes

    def _watch(self) -> None:
        while not self._over.wait(0.001):
            self.peak_bytes = max(self.peak_bytes, _resident_bytes())


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def measure(form: str, repeats: int) -> dict[str, float]:
    """Median time of forward and backward, and peak memory of the first."""
    loss_of = make(form)
    generator = torch.Generator().manual_seed(1)
    counts = torch.randint(0, CLIPPED_CLASSES, (BATCH, NUM_FRAGMENTS), generator=generator)
    pooled = torch.randn(BATCH, WIDTH, generator=generator, requires_grad=True)
    # Threads and their buffers exist before memory is watched.
    torch.randn(512, 512) @ torch.randn(512, 512)
    with PeakMemory() as memory:
        loss_of(pooled, counts).backward()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        loss_of(pooled, counts).backward()
        seconds.append(time.perf_counter() - started)
    return {"seconds": statistics.median(seconds), "mib": memory.above_start_bytes / 2**20}


def main() -> None:
    """Measure all forms and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes per form, in turns")
    parser.add_argument("--repeats", type=int, default=5, help="timed steps per process")
    parser.add_argument("--form", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.form is not None:
        print(json.dumps(measure(args.form, args.repeats)))
        return
    forms = ("materialised", "factored", "clipped")
    found: dict[str, list[dict[str, float]]] = {form: [] for form in forms}
    for _ in range(args.rounds):
        for form in forms:
            command = [sys.executable, "-m", "benchmarks.composition_head", "--form", form]
            command += ["--repeats", str(args.repeats)]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found[form].append(json.loads(output))
    median = {
        form: {key: statistics.median(run[key] for run in runs) for key in ("seconds", "mib")}
        for form, runs in found.items()
    }
    print(f"batch {BATCH}, {NUM_FRAGMENTS} fragments, width {WIDTH}, hidden {HIDDEN}, forward and backward")
    for form, values in median.items():
        print(f"{form:>13}: {1000 * values['seconds']:8.1f} ms  {values['mib']:8.1f} MiB")
    first, second, third = (median[form] for form in forms)
    print(
        f"factored, {PUBLISHED_CLASSES} classes both: {first['seconds'] / second['seconds']:.1f}x faster, ",
        end="",
    )
    print(f"{first['mib'] / second['mib']:.1f}x less peak memory")
    print(
        f"counts clipped at {CLIPPED_CLASSES - 1}: a further {second['seconds'] / third['seconds']:.1f}x faster"
    )


if __name__ == "__main__":
    main()
