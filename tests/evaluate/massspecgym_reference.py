"""Run the `massspecgym` package's own metric code: candidate lists as JSON on stdin, its values as JSON on stdout.

A separate program, because the package pins other versions of RDKit, NumPy and myopic-mces than molucid uses: it
runs under the interpreter of whatever environment the package is installed in.
"""

from __future__ import annotations

import json
import sys
import warnings

warnings.simplefilter("ignore")

from massspecgym.models.base import Stage  # noqa: E402
from massspecgym.models.de_novo.base import DeNovoMassSpecGymModel  # noqa: E402


class Scored(DeNovoMassSpecGymModel):
    """The smallest concrete model: the metric code needs an instance."""

    def step(self, batch, stage=Stage.NONE):
        raise AssertionError("only the metrics are used")


def main() -> None:
    case = json.load(sys.stdin)
    model = Scored(top_ks=(1, 10))
    values = model.evaluate_de_novo_step(case["lists"], case["true_smiles"], Stage.TEST)
    values["test_num_valid_mols"] = model.test_num_valid_mols.compute()
    json.dump({name.removeprefix("test_"): value.tolist() for name, value in values.items()}, sys.stdout)


if __name__ == "__main__":
    main()
