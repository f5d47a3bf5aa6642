"""Molecules: identity, formulas, adducts, fingerprints, SMILES tokens."""
