from __future__ import annotations

import math

import torch

from molucid.model.positions import rotate, rotation, sinusoidal


def test_sinusoids_are_those_of_the_paper() -> None:
    table = sinusoidal(torch.tensor([0, 3]), 4)
    # frequencies 1 and 10000^(-1/2) = 0.01
    expected = [math.sin(3), math.sin(0.03), math.cos(3), math.cos(0.03)]
    torch.testing.assert_close(table, torch.tensor([[0.0, 0.0, 1.0, 1.0], expected]))


def test_rotation_keeps_lengths_and_products_depend_on_distance_only() -> None:
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 8)

    def product(query_position: int, key_position: int) -> float:
        turned_q = rotate(q, rotation(torch.tensor([query_position]), 8))
        turned_k = rotate(k, rotation(torch.tensor([key_position]), 8))
        torch.testing.assert_close(turned_q.norm(), q.norm())
        return float((turned_q * turned_k).sum())

    assert math.isclose(product(9, 4), product(25, 20), abs_tol=1e-5)
    assert not math.isclose(product(9, 4), product(9, 5), abs_tol=1e-2)


def test_rotation_keeps_the_dtype() -> None:
    x = torch.randn(1, 2, 3, 4, dtype=torch.bfloat16)
    assert rotate(x, rotation(torch.arange(3), 4)).dtype == torch.bfloat16
