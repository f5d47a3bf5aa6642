"""Molecules per second of fragment counting, against RDKit's search of one pattern after the other, in one run.

    python -m benchmarks.fragment_counts [--vocabulary FILE] [--processes 2] [--molecules 4000] [--rounds 5]
    python -m benchmarks.fragment_counts --compare nmrshiftdb2.parquet fragments_957.txt

Molecules are those of the `chemicals` package with 10 to 45 heavy atoms, sampled so that the median is 22. A molecule
is counted from its SMILES: reading it is part of the time of both. Every process counts its own share, once unmeasured;
the rate is that of all processes together. RDKit counts a part of the share, and the counts of that part are compared.

With `--compare` no time is taken: of the vocabularies, the shipped one and the files named, it prints how many of 4,000
molecules of a table of structures their counts and their bits tell apart, and how many patterns none of them has.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from functools import partial

import numpy as np
import pyarrow.parquet as pq
from rdkit import Chem

from benchmarks.parallel_rounds import Ways, load_line, measure
from benchmarks.simulate_speed import molecules
from molucid.chem.fragment_counts import FragmentCounter, count_by_rdkit, dense
from molucid.chem.fragments import FragmentVocabulary
from molucid.dataset.corpus import CorpusFilter, Molecule, admit
from molucid.dataset.holdout import HoldoutKeys
from molucid.errors import Rejected, Where


def prepare_compiled(vocabulary: FragmentVocabulary, share: Sequence[str]) -> tuple[Ways, int]:
    """One process of compiled counting, warm."""
    counter = FragmentCounter(vocabulary)
    counter.count_many(share)
    return {"compiled": counter.count_many}, 0


def prepare_rdkit(vocabulary: FragmentVocabulary, share: Sequence[str]) -> tuple[Ways, int]:
    """One process of RDKit's search, and how many of its counts the compiled ones differ from."""
    patterns = [Chem.MolFromSmarts(pattern) for pattern in vocabulary.patterns]

    def count(smiles: Sequence[str]) -> list[list[int]]:
        mols = [Chem.MolFromSmiles(each) for each in smiles]
        return [[count_by_rdkit(mol, pattern) for pattern in patterns] for mol in mols]

    compiled = FragmentCounter(vocabulary).count_many(share)
    differ = [
        (dense(counts, vocabulary.size) != row).sum()
        for counts, row in zip(compiled, count(share), strict=True)
    ]
    return {"RDKit": count}, int(sum(differ))


def compare_speed(arguments: argparse.Namespace, vocabulary: FragmentVocabulary) -> None:
    """Print rates and their ratio."""
    smiles, sizes = molecules(arguments.molecules)
    few = smiles[: max(1, arguments.molecules // 10)]
    found, _ = measure(partial(prepare_compiled, vocabulary), smiles, arguments.processes, arguments.rounds)
    by_rdkit, differ = measure(partial(prepare_rdkit, vocabulary), few, arguments.processes, 1)
    compiled, rdkit = found["compiled"], by_rdkit["RDKit"]
    cpu_s, rdkit_cpu_s = compiled.cpu_s / len(smiles), rdkit.cpu_s / len(few)
    print(
        f"{len(smiles)} molecules, {min(sizes)}-{max(sizes)} heavy atoms, median {statistics.median(sizes):.0f}; "
        f"{vocabulary.size} patterns; {arguments.processes} processes"
    )
    print(load_line())
    print(f"{'molecules/s, best of rounds':<46} {compiled.best:8.0f}")
    print(f"{'molecules/s, median of rounds':<46} {compiled.median:8.0f}")
    print(f"{f'molecules/s, RDKit ({len(few)} molecules)':<46} {rdkit.best:8.0f}")
    print(f"{'molecules/s per core of CPU time':<46} {1 / cpu_s:8.0f}")
    print(f"{'CPU time per molecule':<46} {1e6 * cpu_s:8.0f} us")
    print(f"{'CPU time per molecule, RDKit':<46} {1e6 * rdkit_cpu_s:8.0f} us")
    print(f"{'ratio of CPU times':<46} {rdkit_cpu_s / cpu_s:8.1f}")
    print(f"{'counts that differ from RDKit':<46} {differ:8}")


def compare(table: str, files: Sequence[str]) -> None:
    """Print what vocabularies tell apart."""
    names = pq.read_schema(table).names
    column = next(name for name in names if "smiles" in name.lower())
    smiles = sorted(set(pq.read_table(table, columns=[column])[column].to_pylist()))
    flat: dict[str, None] = {}
    for place in np.random.default_rng(0).permutation(len(smiles)):
        checked = admit(Molecule("", smiles[place], Where()), CorpusFilter(), HoldoutKeys.from_keys([]))
        if not isinstance(checked, Rejected):
            flat[checked.smiles] = None
        if len(flat) == 4_000:
            break
    print(f"{len(flat)} molecules of different connectivity")
    print(
        f"{'vocabulary':<24}{'patterns':>10}{'by counts':>11}{'by bits':>9}{'never hit':>11}{'present':>9}{'most':>6}"
    )
    vocabularies = {file: FragmentVocabulary.load(file) for file in files}
    for name, vocabulary in {"shipped": FragmentVocabulary.default(), **vocabularies}.items():
        rows = FragmentCounter(vocabulary).count_many(list(flat))
        counts = np.stack([dense(row, vocabulary.size) for row in rows])
        present = (counts > 0).sum(axis=1)
        print(
            f"{name[-24:]:<24}{vocabulary.size:>10}{len({row.tobytes() for row in counts}):>11}"
            f"{len({row.tobytes() for row in counts > 0}):>9}{int((counts.max(axis=0) == 0).sum()):>11}"
            f"{present.mean():>9.1f}{counts.max():>6}"
        )


def main() -> None:
    """Measure, or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vocabulary", help="a list of SMARTS instead of the shipped vocabulary")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--molecules", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compare", nargs="+", metavar=("TABLE", "VOCABULARY"))
    arguments = parser.parse_args()
    if arguments.compare:
        compare(arguments.compare[0], arguments.compare[1:])
        return
    name = arguments.vocabulary
    compare_speed(arguments, FragmentVocabulary.load(name) if name else FragmentVocabulary.default())


if __name__ == "__main__":
    main()
