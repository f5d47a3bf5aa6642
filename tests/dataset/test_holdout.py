from __future__ import annotations

import hashlib
import json
import random
import string
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from molucid.dataset.holdout import HoldoutKeys, first_block, key_digest
from molucid.errors import InputError

KEY = "XLYOFNOQVPJJNP"  # water


def test_a_digest_is_the_head_of_the_sha256() -> None:
    expected = hashlib.sha256(b"XLYOFNOQVPJJNP").hexdigest()[:16]
    assert f"{int(key_digest(KEY)):016x}" == expected


def test_a_set_holds_its_keys_and_no_others() -> None:
    generator = random.Random(2)
    many = ["".join(generator.choices(string.ascii_uppercase, k=14)) for _ in range(4000)]
    held = HoldoutKeys.from_keys(many[:2000])
    assert all(key in held for key in many[:2000])
    assert not any(key in held for key in many[2000:])
    assert len(held) == 2000
    assert None not in held
    assert KEY not in HoldoutKeys.from_keys([])


def test_union() -> None:
    both = HoldoutKeys.from_keys([KEY]) | HoldoutKeys.from_keys(["LFQSCWFLJHTTHZ", KEY])
    assert len(both) == 2
    assert "LFQSCWFLJHTTHZ" in both


def test_the_shipped_digests_are_those_of_their_provenance() -> None:
    folder = resources.files("molucid.dataset") / "holdout_keys"
    provenance = json.loads((folder / "provenance.json").read_text())
    data = (folder / "sha256_64.npy").read_bytes()
    assert hashlib.sha256(data).hexdigest() == provenance["file"]["sha256_64.npy"]["sha256"]
    assert len(HoldoutKeys.default()) == provenance["num_keys"] == 9224


def test_the_shipped_digests_exclude_every_listed_molecule(data_folder: Path) -> None:
    listed = (data_folder / "holdout_inchikey14.txt").read_text().split()
    assert len(listed) == 9224
    assert all(key in HoldoutKeys.default() for key in listed)
    assert not any(key[::-1] in HoldoutKeys.default() for key in listed)


def test_a_file_of_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(f"\ufeff# mine\n{KEY}-UHFFFAOYSA-N\n\nLFQSCWFLJHTTHZ  # ethanol\n", encoding="utf-8")
    held = HoldoutKeys.from_file(path)
    assert len(held) == 2
    assert KEY in held
    path.write_text(f"{KEY}\nethanol\n")
    with pytest.raises(InputError, match=r"keys\.txt, line 2.*'ethanol'"):
        HoldoutKeys.from_file(path)
    with pytest.raises(InputError, match="no file"):
        HoldoutKeys.from_file(tmp_path / "none.txt")


@pytest.mark.parametrize("text", ["", "xlyofnoqvpjjnp", KEY[:13], f"{KEY}-UHFF", f"InChIKey={KEY}"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="InChIKey"):
        first_block(text)


def test_saved_digests_are_sorted(tmp_path: Path) -> None:
    held = HoldoutKeys.from_keys([KEY, "LFQSCWFLJHTTHZ", "UHOVQNZJYSORNB"])
    held.save(tmp_path / "keys.npy")
    digests = np.load(tmp_path / "keys.npy", allow_pickle=False)
    assert digests.dtype == np.uint64
    assert (np.diff(digests.astype(object)) > 0).all()
    assert HoldoutKeys(digests).sha256 == held.sha256
