from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from molucid.evaluate.massspecgym import TOP_KS, massspecgym_metrics, massspecgym_summary
from molucid.evaluate.mces import MCESConfig, MCESDistances

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def golden():
    return json.loads((HERE / "massspecgym_golden.json").read_text())


@pytest.fixture(scope="module")
def ours(golden):
    lists = [case["list"] for case in golden["cases"]]
    truths = [case["true_smiles"] for case in golden["cases"]]
    with MCESDistances(MCESConfig(num_processes=1)) as distances:
        return massspecgym_metrics(lists, truths, distances)


@pytest.mark.parametrize("k", TOP_KS)
@pytest.mark.parametrize("metric", ["accuracy", "max_tanimoto_sim", "mces_dist"])
def test_values_are_those_of_the_package(golden, ours, metric, k):
    name = f"top_{k}_{metric}"
    # the package keeps float32
    np.testing.assert_allclose(ours[name], golden["values"][name], atol=1e-6)


def test_mean_number_of_valid_entries_is_that_of_the_package(golden, ours):
    assert ours["num_valid_mols"].mean() == pytest.approx(golden["values"]["num_valid_mols"])


def test_golden_cases_tell_the_protocol_from_its_near_misses(golden):
    """The cases must be able to fail: each rule decides at least one value."""
    values = golden["values"]
    by_truth = {case["true_smiles"]: i for i, case in enumerate(golden["cases"])}
    eleventh = by_truth["NC(=O)c1cccnc1"]
    assert not values["top_10_accuracy"][eleventh], "entries must not be de-duplicated"
    assert values["top_1_mces_dist"][by_truth["CCOC(=O)c1ccccc1"]] == 100, "a missing entry is no molecule"
    assert values["top_1_accuracy"][by_truth["O=c1cc[nH]cc1"]], "tautomers share an InChIKey first block"
    assert max(values["top_10_mces_dist"]) == 100
    assert any(15 < v < 100 for v in values["top_10_mces_dist"]), "a lower bound above the threshold"


def test_empty_list_scores_like_invalid_entries():
    with MCESDistances(MCESConfig(num_processes=1)) as distances:
        metrics = massspecgym_metrics([[], [None, "C1CC"]], ["CCO", "CCO"], distances)
    for name, column in metrics.items():
        assert column[0] == column[1] == (100.0 if "mces" in name else 0.0), name


def test_summary_means_are_over_spectra_and_intervals_contain_them(ours):
    for name, interval in massspecgym_summary(ours).items():
        assert interval.mean == pytest.approx(ours[name].mean())
        assert interval.low < interval.mean < interval.high


def test_package_itself_still_gives_the_golden_values(golden):
    """Runs the package's metric code under the interpreter that MASSSPECGYM_PYTHON names (or this one)."""
    python = os.environ.get("MASSSPECGYM_PYTHON", sys.executable)
    check = subprocess.run([python, "-c", "import massspecgym"], capture_output=True, check=False)
    if check.returncode:
        pytest.skip(
            "package massspecgym is not installed: its exact pins (torch 2.3.0, numpy 1.24.4, rdkit 2023.9.4) exclude "
            "this environment; set MASSSPECGYM_PYTHON to a Python that has it"
        )
    request = {
        "lists": [case["list"] for case in golden["cases"]],
        "true_smiles": [case["true_smiles"] for case in golden["cases"]],
    }
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [python, HERE / "massspecgym_reference.py"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    theirs = json.loads(done.stdout)
    assert theirs.keys() == golden["values"].keys()
    for name, values in theirs.items():
        np.testing.assert_allclose(values, golden["values"][name], atol=1e-6, err_msg=name)
