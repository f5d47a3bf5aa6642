"""What every axis of points must be before it is sorted."""

from __future__ import annotations

import numpy as np

from molucid.errors import InputError
from molucid.spectra.types import FloatArray


def require_one_run(x: FloatArray) -> None:
    """Refuse an axis that turns or stands still: two spectra below each other, or side by side in turn.

    Args:
        x: abscissae in the order of the file `[points]`.

    Raises:
        InputError: neither rising nor falling throughout (`mixed_compounds`).
    """
    steps = np.diff(x)
    if not steps.size or (steps > 0).all() or (steps < 0).all():
        return
    wrong = steps <= 0 if np.median(steps) > 0 else steps >= 0
    at = int(np.argmax(wrong))
    what = "that repeats" if steps[at] == 0 else "that turns"
    raise InputError(
        f"an axis {what} from {x[at]:g} to {x[at + 1]:g} (point {at + 2} of {x.size})",
        "abscissae that only rise or only fall, each once",
        hint="write a file for each compound; of one spectrum export every point once, with all its decimals",
        code="mixed_compounds",
    )
