"""Bruker and Varian data sets of known lines, written by nmrglue: another program than the readers under test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Lines = Sequence[tuple[float, float]]
"""(shift in ppm, height) of each line."""


def decay_of(lines: Lines, centre_ppm: float, width_hz: float, field_mhz: float, num_points: int) -> Any:
    """Sum of decaying exponentials, 1 Hz wide: a line above the centre turns with a positive frequency."""
    time_s = np.arange(num_points) / width_hz
    total = np.zeros(num_points, np.complex128)
    for shift_ppm, height in lines:
        frequency_hz = (shift_ppm - centre_ppm) * field_mhz
        total += height * np.exp(2j * np.pi * frequency_hz * time_s - np.pi * time_s)
    return total


def delayed(decay: Any, points: float) -> Any:
    """The decay as a digital filter hands it over: shifted by a part of its points, its end wrapped to the front."""
    size = len(decay)
    spectrum = np.fft.fft(decay) * np.exp(-2j * np.pi * np.fft.fftfreq(size) * points)
    return np.fft.ifft(spectrum)


@pytest.fixture
def write_bruker() -> Callable[..., Path]:
    """Writes one experiment and returns its folder."""

    def write(
        folder: Path,
        lines: Lines,
        *,
        nucleus: str = "1H",
        solvent: str = "CDCl3",
        processed: bool = False,
        reference_mhz: float | None = None,
        group_delay: float = 0.0,
        phase_deg: float = 0.0,
        remove: Sequence[str] = (),
        big: bool = False,
        **changes: Any,
    ) -> Path:
        import nmrglue as ng  # slow

        base_mhz, centre_ppm, width_hz = (400.0, 5.0, 8000.0) if nucleus == "1H" else (100.0, 100.0, 25000.0)
        folder.mkdir(parents=True)
        acqus = {
            "_coreheader": ["##TITLE= Parameter file, TopSpin 3.6.2", "##JCAMPDX= 5.0"],
            "_comments": ["$$ written for a test"],
            **{
                "NUC1": nucleus,
                "SOLVENT": solvent,
                "PULPROG": "zg30",
                "BF1": base_mhz,
                "O1": centre_ppm * base_mhz,
            },
            **{"SFO1": base_mhz * (1 + centre_ppm * 1e-6), "SW_h": width_hz, "AQ_mod": 3, "TD": 32768},
            **{
                "DTYPA": 0,
                "BYTORDA": int(big),
                "PARMODE": 0,
                "GRPDLY": group_delay,
                "DSPFVS": 21,
                "DECIM": 16,
            },
            "D": [0.0, 1.5, 0.03],
            **changes,
        }
        for name in remove:
            del acqus[name]
        ng.bruker.write_jcamp(acqus, str(folder / "acqus"))
        decay = decay_of(lines, centre_ppm, width_hz, base_mhz, 16384) * np.exp(1j * np.deg2rad(phase_deg))
        data = folder / "pdata" / "1"
        data.mkdir(parents=True)
        (data / "title").write_text("a\ntest ", encoding="utf-8")
        if not processed:
            scaled = np.round(delayed(decay, group_delay) * 1e6)
            ng.bruker.write_binary(str(folder / "fid"), {}, scaled, big=big)
            if reference_mhz is None:
                return folder
        scale_mhz = base_mhz if reference_mhz is None else reference_mhz
        procs = {
            "_coreheader": ["##TITLE= Parameter file, TopSpin 3.6.2"],
            "_comments": [],
            **{
                "SF": scale_mhz,
                "SW_p": width_hz,
                "SI": 16384,
                "DTYPP": 0,
                "BYTORDP": int(big),
                "AXNUC": nucleus,
            },
            "OFFSET": ((acqus["SFO1"] - scale_mhz) * 1e6 + width_hz / 2) / scale_mhz,
        }
        ng.bruker.write_jcamp(procs, str(data / "procs"))
        if processed:
            # From high to low shift, as TopSpin writes it; the first point of the file is the left edge.
            spectrum = np.fft.fftshift(np.fft.fft(decay)).real[::-1]
            ng.bruker.write_binary(str(data / "1r"), {}, np.round(np.roll(spectrum, 1)), big=big)
        return folder

    return write


@pytest.fixture
def write_varian() -> Callable[..., Path]:
    """Writes one measurement and returns its folder."""

    def write(
        folder: Path,
        lines: Lines,
        *,
        nucleus: str = "H1",
        floats: bool = True,
        phase_deg: float = 0.0,
        remove: Sequence[str] = (),
        **changes: Any,
    ) -> Path:
        import nmrglue as ng  # slow

        field_mhz, centre_ppm, width_hz = (400.0, 5.0, 8000.0) if nucleus == "H1" else (100.0, 100.0, 25000.0)
        folder.mkdir(parents=True)
        udic = ng.fileiobase.create_blank_udic(1)
        udic[0] |= {"size": 16384, "complex": True}
        dic = ng.varian.create_dic(udic)
        dic |= {"S_FLOAT": int(floats), "S_32": int(not floats), "status": 0x1 | (0x8 if floats else 0x4)}
        # Varian's data turn the other way: the conjugate of what Bruker writes.
        decay = np.conj(decay_of(lines, centre_ppm, width_hz, field_mhz, 16384)) * 1e5
        decay = decay * np.exp(1j * np.deg2rad(phase_deg))
        ng.varian.write_fid(str(folder / "fid"), dic, decay.astype(np.complex64)[np.newaxis])
        values = {
            **{"tn": nucleus, "sfrq": field_mhz * (1 + centre_ppm * 1e-6), "sw": width_hz, "np": 32768},
            # 0 ppm lies (centre · field) below the middle of the width.
            **{"rfl": width_hz / 2 - centre_ppm * field_mhz, "rfp": 0.0, "reffrq": field_mhz},
            **{"solvent": "cdcl3", "samplename": "", "seqfil": "s2pul"},
            **changes,
        }
        parameters = {}
        for name in values.keys() - set(remove):
            is_text = isinstance(values[name], str)
            entry = ng.varian.create_pdic_param(name, [str(values[name])])
            parameters[name] = entry | {"basictype": "2" if is_text else "1"}
        ng.varian.write_procpar(str(folder / "procpar"), parameters)
        return folder

    return write
