"""How often mirror images are missed by exchanging `@` and `@@` in canonical SMILES, and how stable those SMILES are.

    python benchmarks/mirror_images.py [--corpus chemicals] [--orders 3]

A molecule counts as chiral if its mirror image, made on the molecule and canonicalised, has another canonical SMILES;
it is missed if the exchange of characters gives a text other than that SMILES. `meso` are molecules with tetrahedral
centres that are their own mirror image. InChI is the independent witness of both: it must see a difference between
the images of exactly the chiral ones. `unstable` are molecules with stereo whose canonical SMILES depends on the order
of their atoms, as `--orders` random orders show; `accepted` are those that the exact protocol accepts all the same.
"""

from __future__ import annotations

import argparse
import random
import re

from rdkit import Chem, rdBase

from molucid.chem.identity import canonical_smiles, mirror_image, parse_smiles
from molucid.dataset.sources.corpora import open_corpus
from molucid.errors import InputError, Rejected
from molucid.evaluate.protocols import TrueNames, names_of


def main() -> None:
    """Read the corpus and print the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", default="chemicals", help="as for molucid simulate")
    parser.add_argument("--orders", type=int, default=3, help="random orders of the atoms of each molecule")
    args = parser.parse_args()
    texts = {row.smiles for row in open_corpus(args.corpus).rows if not isinstance(row, Rejected)}
    counts = dict.fromkeys(
        ("stereo", "chiral", "missed", "meso", "inchi disagrees", "unstable", "accepted"), 0
    )
    for text in sorted(texts):
        if not set("@/\\") & set(text):
            continue
        try:
            count_one(text, args.orders, counts)
        except InputError:
            continue  # what RDKit cannot read is no molecule to count
    for name, number in counts.items():
        print(f"{name:16} {number}")
    if counts["chiral"]:
        print(f"missed           {100 * counts['missed'] / counts['chiral']:.1f} % of the chiral ones")


def count_one(text: str, num_orders: int, counts: dict[str, int]) -> None:
    """Add one molecule to the counts."""
    mol = parse_smiles(text)
    name = canonical_smiles(mol, stereo=True)
    counts["stereo"] += 1
    order = list(range(mol.GetNumAtoms()))
    shuffle = random.Random(0).shuffle
    others = []
    for _ in range(num_orders):
        shuffle(order)
        others.append(canonical_smiles(Chem.RenumberAtoms(mol, order), stereo=True))
    if set(others) != {name}:
        counts["unstable"] += 1
        true = TrueNames.of(text)
        counts["accepted"] += all("exact" in true.accepted_by(names_of(other)) for other in others)
        return
    if "@" not in name:
        return
    mirror = canonical_smiles(mirror_image(mol), stereo=True)
    with rdBase.BlockLogs():
        differ = Chem.MolToInchi(mol) != Chem.MolToInchi(mirror_image(mol))
    counts["inchi disagrees"] += differ != (mirror != name)
    if mirror == name:
        counts["meso"] += 1
        return
    counts["chiral"] += 1
    counts["missed"] += re.sub("@@?", lambda mark: "@" if mark.group() == "@@" else "@@", name) != mirror


if __name__ == "__main__":
    main()
