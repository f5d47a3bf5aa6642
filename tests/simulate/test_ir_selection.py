"""The order in which molecules are computed."""

from __future__ import annotations

import random

from rdkit import Chem

from molucid.simulate.ir_selection import diverse_order


def sizes(smiles: list[str]) -> list[int]:
    return [Chem.MolFromSmiles(text).GetNumHeavyAtoms() for text in smiles]


def test_every_molecule_comes_once_and_sizes_take_turns() -> None:
    smiles = ["CCCC", "CCO", "CCN", "CCCO", "CCCCC", "CCF", "CCCN"]
    order = list(diverse_order(smiles))
    assert sorted(order) == list(range(7))
    assert sizes([smiles[i] for i in order]) == [3, 4, 5, 3, 4, 3, 4]


def test_what_was_chosen_makes_its_like_less_welcome() -> None:
    # Alcohols are most common here, so one comes first; the next must bring something new.
    smiles = ["CCCCO", "CCC(C)O", "CC(C)CO", "CC(C)(C)O", "CCCC#N"]
    order = list(diverse_order(smiles))
    assert "O" in smiles[order[0]]
    assert smiles[order[1]] == "CCCC#N"


def test_the_lazy_search_finds_the_greedy_order() -> None:
    # Against the same gain, counted for every molecule again at every step.
    from molucid.simulate import ir_selection

    random.seed(1)
    ends = ["O", "N", "F", "Cl", "C#N", "C=O", "C(=O)O", "S", "OC", "Br"]
    smiles = [
        "".join(random.choice(["C", "O", "N"]) for _ in range(3)) + random.choice(ends) for _ in range(40)
    ]
    smiles = list(dict.fromkeys(Chem.CanonSmiles(text) for text in smiles))
    environments = [ir_selection._environments(text) for text in smiles]
    everywhere = [key for keys in environments for key in keys]
    weight = {key: everywhere.count(key) ** 0.5 for key in everywhere}
    left, seen, expected = set(range(len(smiles))), dict.fromkeys(weight, 0), []
    while left:
        for size in sorted({sizes([smiles[i]])[0] for i in left}):
            of_size = [i for i in sorted(left) if sizes([smiles[i]])[0] == size]
            best = max(of_size, key=lambda i: (sum(weight[k] / (seen[k] + 1) for k in environments[i]), -i))
            left.remove(best)
            expected.append(best)
            for key in environments[best]:
                seen[key] += 1
    assert list(diverse_order(smiles)) == expected
