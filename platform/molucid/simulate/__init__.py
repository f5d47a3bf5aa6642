"""Molecules in, spectra out."""
