from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pytest
import torch

from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.chem.fragments import FragmentVocabulary
from molucid.chem.identity import formula_of
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.dataset.order import sample_order
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PackedDataset
from molucid.dataset.packing import pack
from molucid.errors import InputError, Where
from molucid.model.batch import Batch, Wanted
from molucid.model.config import ModelConfig
from molucid.model.modalities.base import Features
from molucid.model.modalities.nmr_lists import NmrList, NmrListConfig
from molucid.model.modalities.registry import build_modalities
from molucid.simulate.augment import AugmentConfig
from molucid.spectra.clean import CleanConfig
from molucid.spectra.types import Evidence, MassSpectrum, NmrPeaks, Record
from molucid.train.loader import BatchMaker, Loader, LoaderConfig, pad_targets

NUM_ROWS = 11
BITS = FingerprintConfig(num_bits=64)


class RowNumber:
    """A modality that says which rows a batch holds: their number is their precursor m/z less 1000."""

    name = "row"

    def featurize(self, evidence: Evidence) -> Features:
        (spectrum,) = evidence.msms
        assert spectrum.precursor_mz is not None
        return {"row": np.array([spectrum.precursor_mz - 1000])}

    def collate(self, features: Sequence[Features]) -> Features:
        rows = np.stack([f["row"] for f in features])
        return {"row_B1": rows, "mask_BL": np.ones(rows.shape, np.bool_)}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> PackedDataset:
    folder = tmp_path_factory.mktemp("packed")
    records = []
    for row in range(NUM_ROWS):
        smiles = "C" * (row + 3) + "O"
        spectrum = MassSpectrum(
            [20.0, 30.0 + row], [1.0, 0.5], 1000.0 + row, "[M+H]+", 20.0, None, "LC-ESI-QTOF"
        )
        records.append(Record(Evidence(f"r{row}", formula_of(smiles), (spectrum,)), smiles, Where("made")))
    # The precursor carries the row's number here, so it cannot fit the formula.
    config = PackConfig.from_mapping(
        {"fingerprint": BITS.model_dump(), "clean": {"precursor_tolerance_ppm": None}}
    )
    assert pack(records, folder, config, {})["rows"] == NUM_ROWS
    return PackedDataset(folder)


def loader(dataset: PackedDataset, batch_size: int = 4, **options: object) -> Loader:
    return Loader(dataset, {"row": RowNumber()}, batch_size, 5, **options)  # type: ignore[arg-type]


def rows_of(batch: Batch) -> list[int]:
    return [int(row) for row in batch.inputs["row"]["row_B1"][:, 0]]


def take(batches: Iterator[Batch], count: int) -> list[list[int]]:
    return [rows_of(batch) for batch in islice(batches, count)]


def test_the_stream_is_one_epoch_after_the_other(dataset: PackedDataset) -> None:
    seen = [row for batch in take(iter(loader(dataset)), 11) for row in batch]
    expected = np.concatenate([sample_order(NUM_ROWS, 5, epoch) for epoch in range(4)])
    assert seen == expected.tolist()


@pytest.mark.parametrize("world_size", [2, 3, 4])
def test_ranks_together_see_the_batches_of_one(dataset: PackedDataset, world_size: int) -> None:
    alone = take(iter(loader(dataset)), 9)
    shares = [take(iter(loader(dataset, rank=r, world_size=world_size)), 9) for r in range(world_size)]
    together = [list(chain(*parts)) for parts in zip(*shares, strict=True)]
    # Molecules grow with the row's number.
    assert together == [sorted(rows, reverse=True) for rows in alone]


def test_micro_batches_of_uneven_shares_make_up_the_global_batch(dataset: PackedDataset) -> None:
    whole = take(iter(loader(dataset, 8)), 5)
    ranks = [loader(dataset, 8, rank=r, world_size=3, num_micro_batches=2) for r in range(3)]
    shares = [take(iter(one), 10) for one in ranks]
    assert [[len(rows) for rows in share[:2]] for share in shares] == [[2, 1], [2, 1], [1, 1]]
    # Both micro-batches of all ranks, joined: a global batch, its longest molecules first.
    joined = [list(chain(*(share[at] for share in shares))) for at in range(10)]
    batches = [joined[2 * at] + joined[2 * at + 1] for at in range(5)]
    assert batches == [sorted(rows, reverse=True) for rows in whole]
    assert [one.position for one in ranks] == [40] * 3
    # Within a global batch, too, another iterator goes on where the last one stopped.
    pieces = loader(dataset, 8, rank=1, world_size=3, num_micro_batches=2)
    assert take(iter(pieces), 3) + take(iter(pieces), 7) == shares[1]


def test_a_resumed_run_goes_on_with_the_next_sample_on_other_ranks(dataset: PackedDataset) -> None:
    unbroken = take(iter(loader(dataset)), 9)
    first = loader(dataset, rank=1, world_size=2)
    take(iter(first), 5)
    # Batches made ahead are not consumed.
    assert first.position == 20
    assert first.epoch == 20 / NUM_ROWS
    assert take(iter(loader(dataset, position=first.position)), 4) == unbroken[5:]
    off_grid = [row for batch in take(iter(loader(dataset, 2, position=3)), 4) for row in batch]
    assert off_grid == list(chain(*unbroken))[3:11]


def test_one_loader_can_be_iterated_in_pieces(dataset: PackedDataset) -> None:
    whole = take(iter(loader(dataset)), 6)
    one = loader(dataset)
    assert take(iter(one), 2) + take(iter(one), 4) == whole


def test_processes_give_the_batches_of_a_thread(dataset: PackedDataset) -> None:
    modalities = build_modalities(ModelConfig())
    batches = []
    for count in (0, 2):
        made = Loader(dataset, modalities, 4, 5, config=LoaderConfig(num_processes=count, prefetch_batches=1))
        batches.append(list(islice(iter(made), 4)))
    for a, b in zip(*batches, strict=True):
        assert a.inputs.keys() == b.inputs.keys() == modalities.keys()
        for name in modalities:
            for key, tensor in a.inputs[name].items():
                assert torch.equal(tensor, b.inputs[name][key]), (name, key)
        assert torch.equal(a.target_BT, b.target_BT)
        assert torch.equal(a.fingerprint_BF, b.fingerprint_BF)


def test_targets_and_fingerprints_belong_to_their_rows(dataset: PackedDataset) -> None:
    batch = next(iter(loader(dataset)))
    tokenizer = SmilesTokenizer()
    assert batch.num_samples == 4
    assert batch.target_BT is not None
    assert batch.fingerprint_BF is not None
    for row, target, bits in zip(rows_of(batch), batch.target_BT, batch.fingerprint_BF, strict=True):
        smiles = "C" * (row + 3) + "O"
        assert tokenizer.decode(target) == smiles
        assert target[0] == tokenizer.BOS
        assert target[1 + len(smiles)] == tokenizer.EOS
        assert (target[2 + len(smiles) :] == tokenizer.PAD).all()
        assert bits.tolist() == fingerprint(smiles, BITS).tolist()
    bare = next(iter(loader(dataset, wanted=Wanted(smiles=False, fingerprint=False))))
    assert bare.target_BT is None
    assert bare.fingerprint_BF is None


def test_padding_is_that_of_the_longest() -> None:
    padded = pad_targets([np.array([7], np.uint16), np.array([7, 8, 9], np.uint16)])
    assert padded.tolist() == [[1, 7, 2, 0, 0], [1, 7, 8, 9, 2]]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"world_size": 5}, "too_small_batch"),
        ({"batch_size": 0}, "too_small_batch"),
        ({"num_micro_batches": 0}, "too_small_batch"),
        ({"rank": 2, "world_size": 2}, "invalid_rank"),
        ({"position": -1}, "invalid_position"),
    ],
)
def test_what_cannot_be_cut_is_refused(dataset: PackedDataset, options: dict[str, int], code: str) -> None:
    with pytest.raises(InputError) as caught:
        loader(dataset, **options)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_an_empty_data_set_is_refused(dataset: PackedDataset) -> None:
    empty = PackedDataset(dataset.folder)
    empty.rows = dataset.rows[:0]
    with pytest.raises(InputError, match="no sample"):
        loader(empty)


def test_a_fault_while_a_batch_is_made_reaches_the_caller(dataset: PackedDataset) -> None:
    class Broken(RowNumber):
        def featurize(self, evidence: Evidence) -> Features:
            raise InputError("nothing", "something", code="broken_modality")

    with pytest.raises(InputError) as caught:
        next(iter(Loader(dataset, {"row": Broken()}, 4, 5)))
    assert caught.value.code == "broken_modality"


def test_what_augmentation_draws_is_the_same_on_any_number_of_ranks(tmp_path: Path) -> None:
    lists = NmrPeaks("1H", np.array([1.0, 3.0]), shift_std_ppm=np.array([0.2, 0.2]))
    records = [
        Record(Evidence(f"r{i}", h_nmr=lists), "C" * (i + 1) + "O", Where("f", f"r{i}")) for i in range(8)
    ]
    pack(records, tmp_path, PackConfig(fragments=None), {})
    packed = PackedDataset(tmp_path)
    modalities = {"h_nmr": NmrList("1H", NmrListConfig())}
    augment = AugmentConfig(trace_probability=0.0)

    def shifts(world_size: int, seed: int = 3) -> list[list[float]]:
        parts = []
        for rank in range(world_size):
            given = Loader(packed, modalities, 8, seed, rank, world_size, augment=augment)
            batch = next(iter(given))
            parts += batch.inputs["h_nmr"]["shift_BL"].tolist()
        return sorted(parts)

    alone = shifts(1)
    assert alone == shifts(2)
    assert len({tuple(row) for row in alone}) == 8  # each sample has a draw of its own
    assert alone != shifts(1, seed=4)
    plain = next(iter(Loader(packed, modalities, 8, 3)))
    assert {tuple(row) for row in plain.inputs["h_nmr"]["shift_BL"].tolist()} == {(1.0, 3.0)}


@pytest.mark.parametrize(
    ("modalities", "wanted", "notation", "per_row"),
    [
        ((), Wanted(), "smiles", "num_tokens"),
        ((), Wanted(), "selfies", "num_selfies"),
        (("h_nmr",), Wanted(smiles=False), "smiles", None),
        (("msms",), Wanted(smiles=False), "smiles", "num_peaks"),
        (("fragments",), Wanted(smiles=False), "smiles", "num_fragments"),
    ],
)
def test_the_length_of_a_row_is_what_its_batch_pads(
    tmp_path: Path, modalities: tuple[str, ...], wanted: Wanted, notation: str, per_row: str | None
) -> None:
    vocabulary = tmp_path / "vocabulary.txt"
    FragmentVocabulary(("[OH]", "c", "[CH3]"), {}).save(vocabulary)
    records = []
    for row, smiles in enumerate(("CCO", "c1ccccc1CO", "CCCCCC")):
        mz = 20.0 + np.arange(row + 2)
        spectrum = MassSpectrum(mz, np.ones(row + 2), 1000.0, "[M+H]+")
        records.append(Record(Evidence(f"r{row}", formula_of(smiles), (spectrum,)), smiles, Where("made")))
    clean = CleanConfig(precursor_tolerance_ppm=None)
    config = PackConfig(fragments=str(vocabulary), selfies=True, fingerprint=BITS, clean=clean)
    pack(records, tmp_path / "packed", config, {})
    maker = BatchMaker(
        PackedDataset(tmp_path / "packed"),
        dict.fromkeys(modalities, RowNumber()),
        wanted,
        notation,  # type: ignore[arg-type]
    )
    known = {
        None: [0, 0, 0],
        "num_tokens": [3, 10, 6],
        "num_selfies": [3, 10, 6],
        "num_peaks": [2, 3, 4],
        "num_fragments": [2, 2, 1],
    }
    assert maker.lengths(np.arange(3)).tolist() == known[per_row]
