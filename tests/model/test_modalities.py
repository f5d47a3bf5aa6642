from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from molucid.chem.adducts import ADDUCTS
from molucid.chem.formula import Formula
from molucid.errors import InputError
from molucid.model.config import ModelConfig
from molucid.model.layer_spec import LayerSpec
from molucid.model.modalities.formula_counts import ELEMENTS, FormulaCounts, FormulaCountsConfig
from molucid.model.modalities.formula_text import FormulaText, FormulaTextConfig
from molucid.model.modalities.msms_peaks import MsmsPeaks, MsmsPeaksConfig
from molucid.model.modalities.msms_text import MsmsText, MsmsTextConfig
from molucid.model.modalities.registry import build_modalities
from molucid.spectra.instrument import INSTRUMENT_CLASSES
from molucid.spectra.types import Evidence, MassSpectrum


def evidence(formula: str | None = None, *spectra: MassSpectrum) -> Evidence:
    return Evidence("x", None if formula is None else Formula.parse(formula), spectra)


def test_formula_text_has_one_token_per_element_and_count() -> None:
    modality = FormulaText(FormulaTextConfig(elements=("C", "H", "O"), max_count=50))
    # bos, then 3 + element * 50 + count - 1, then eos
    assert modality.featurize(evidence("C2H6O"))["ids_L"].tolist() == [1, 4, 58, 103, 2]
    assert modality.featurize(evidence())["ids_L"].size == 0
    assert modality.vocabulary_size == 153
    for formula in ("C2H51", "C2H6S"):
        with pytest.raises(InputError, match="up to 50 atoms of C, H, O"):
            modality.featurize(evidence(formula))


def test_formula_counts_are_elements_and_numbers() -> None:
    features = FormulaCounts(FormulaCountsConfig()).featurize(evidence("C60H2Br"))
    assert [ELEMENTS[i] for i in features["element_L"]] == ["C", "H", "Br"]
    assert features["count_L"].tolist() == [60, 2, 1]
    with pytest.raises(InputError, match=r"\[2H\] in a formula"):
        FormulaCounts(FormulaCountsConfig()).featurize(evidence("C6D6"))


def test_msms_text_rounds_scales_and_drops_as_released() -> None:
    modality = MsmsText(MsmsTextConfig(max_mz=1000.0))
    # Intensities on another scale: percent of the base peak are 0.9 (dropped), 1.04, 100, 50.
    spectrum = MassSpectrum([50.04, 77.0386, 105.0699, 999.96], [0.0018, 0.00208, 0.2, 0.1])
    first_intensity = 3 + 10000 + 2
    expected = [1, 3 + 770, first_intensity + 10, 3 + 1051, first_intensity + 1000]
    expected += [3 + 10000, first_intensity + 500, 2]
    assert modality.featurize(evidence(None, spectrum))["ids_L"].tolist() == expected
    assert modality.vocabulary_size == first_intensity + 1001


def test_msms_text_knows_every_mz_and_intensity() -> None:
    modality = MsmsText(MsmsTextConfig())
    tenths = np.arange(0, 15001) / 10
    ids = [modality.mz_token(mz) for mz in tenths]
    assert ids == list(range(3, 3 + 15001))
    assert modality.mz_token(1500.1) == modality.mz_token(9999.0) == 3 + 15001
    assert modality.intensity_token(0.0) == 3 + 15001 + 1
    assert modality.intensity_token(100.0) == modality.vocabulary_size - 1


def test_too_many_peaks_keep_the_most_intense_in_order_of_mz() -> None:
    mz, intensity = [100.0, 200.0, 300.0, 400.0], [0.5, 1.0, 0.2, 0.7]
    text = MsmsText(MsmsTextConfig(max_peaks=2))
    ids = text.featurize(evidence(None, MassSpectrum(mz, intensity)))["ids_L"]
    assert ids[[1, 3]].tolist() == [text.mz_token(200.0), text.mz_token(400.0)]
    peaks = MsmsPeaks(MsmsPeaksConfig(max_peaks=3)).featurize(evidence(None, MassSpectrum(mz, intensity)))
    assert peaks["mz_P"].tolist() == [100.0, 200.0, 400.0]


def test_msms_peaks_keep_mass_and_say_what_is_absent() -> None:
    known = MassSpectrum(
        [77.03858, 105.06988],
        [25.0, 100.0],
        precursor_mz=180.101,
        adduct="[M+Na]+",
        collision_energy_ev=0.0,
        instrument="Q Exactive Orbitrap",
    )
    unknown = MassSpectrum([91.05423], [3.0], normalized_collision_energy=35.0)
    features = MsmsPeaks(MsmsPeaksConfig()).featurize(evidence(None, known, unknown))
    assert features["mz_P"].dtype == np.float64
    assert features["mz_P"].tolist() == [77.03858, 105.06988, 91.05423]
    assert features["sqrt_intensity_P"].tolist() == [0.5, 1.0, 1.0]
    assert features["spectrum_P"].tolist() == [0, 0, 1]
    assert features["adduct_S"].tolist() == [1 + ADDUCTS.index("[M+Na]+"), 0]
    assert features["instrument_S"].tolist() == [1 + INSTRUMENT_CLASSES.index("orbitrap"), 0]
    assert features["has_precursor_mz_S"].tolist() == [True, False]
    # An energy of 0 eV is known; it is not the same as none.
    assert features["has_energy_ev_S"].tolist() == [True, False]
    assert features["has_normalized_energy_S"].tolist() == [False, True]
    assert features["normalized_energy_S"][1] == 35.0


def test_msms_peaks_collate_masks_prefixes_and_peaks() -> None:
    modality = MsmsPeaks(MsmsPeaksConfig())
    one = MassSpectrum([100.0, 150.0], [1.0, 0.5])
    batch = modality.collate(
        [modality.featurize(e) for e in (evidence(None, one, one), evidence(None, one), evidence())]
    )
    # 2 spectra x 4 prefix tokens, then 4 peaks
    expected = [[1] * 8 + [1] * 4, [1] * 4 + [0] * 4 + [1] * 2 + [0] * 2, [0] * 12]
    assert batch["mask_BL"].astype(int).tolist() == expected


def test_an_adduct_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(InputError, match=r"adduct '\[M\+Xx\]\+'"):
        MsmsPeaks(MsmsPeaksConfig()).featurize(evidence(None, MassSpectrum([1.0], [1.0], adduct="[M+Xx]+")))


@pytest.mark.parametrize(
    "changed",
    [
        {"precursor_mz": 300.0},
        {"adduct": "[M+H]+"},
        {"collision_energy_ev": 20.0},
        {"normalized_collision_energy": 20.0},
        {"instrument": "LC-ESI-QTOF"},
    ],
)
def test_each_condition_changes_the_tokens(changed: dict[str, object]) -> None:
    torch.manual_seed(0)
    modality = MsmsPeaks(MsmsPeaksConfig())
    encoder = modality.build_encoder(LayerSpec(16, 2, 32, "swiglu", "rms", 0.0))

    def tokens(**known: object) -> torch.Tensor:
        spectrum = MassSpectrum([100.0], [1.0], **known)
        arrays = modality.collate([modality.featurize(evidence(None, spectrum))])
        return encoder({name: torch.from_numpy(array) for name, array in arrays.items()})[0]

    assert (tokens(**changed) - tokens()).abs().max() > 0.1


def test_energies_in_ev_and_percent_are_told_apart() -> None:
    torch.manual_seed(0)
    modality = MsmsPeaks(MsmsPeaksConfig())
    encoder = modality.build_encoder(LayerSpec(16, 2, 32, "swiglu", "rms", 0.0))
    arrays = modality.collate(
        [
            modality.featurize(evidence(None, MassSpectrum([100.0], [1.0], **known)))
            for known in ({"collision_energy_ev": 30.0}, {"normalized_collision_energy": 30.0})
        ]
    )
    tokens, _ = encoder({name: torch.from_numpy(array) for name, array in arrays.items()})
    assert (tokens[0] - tokens[1]).abs().max() > 0.1


def test_config_chooses_names_order_and_forms() -> None:
    config = ModelConfig.from_mapping({"modalities": ["msms"], "msms": {"form": "text", "max_peaks": 9}})
    modalities = build_modalities(config)
    assert list(modalities) == ["msms"]
    assert isinstance(modalities["msms"], MsmsText)
    with pytest.raises(InputError, match=r"did you mean 'max_peaks'"):
        ModelConfig.from_mapping({"msms": {"form": "text", "max_peak": 9}})
    with pytest.raises(InputError, match="multiple of 2 x heads"):
        ModelConfig.from_mapping({"width": 100, "heads": 8})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fusion": {"layers": 1, "heads": 3}}, "width 512 is not a multiple of fusion.heads = 3"),
        (
            {"fragment_head": {"form": "binary", "stack": {"layers": 1, "heads": 5}}},
            "width 512 is not a multiple of fragment_head.stack.heads = 5",
        ),
        ({"ir": {"pools": [1000, 1000]}}, r"ir.pools \(1000, 1000\) leave no token of 1800 points"),
    ],
)
def test_sizes_that_do_not_fit_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as fault:
        ModelConfig.from_mapping({"modalities": ["ir"], **values})
    assert len(str(fault.value)) < 150
    ModelConfig.from_mapping(
        {"fusion": {"layers": 0, "heads": 3}, "modalities": ["msms"], "ir": {"pools": [999, 999]}}
    )
