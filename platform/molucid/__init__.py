"""molucid: spectra in, molecules out.

Importing this package imports nothing else: each room is imported by its own name, so that the model's
rooms stay usable on a machine that has only torch, numpy, safetensors and pydantic.
"""

__version__ = "0.1.0"
