"""Decoding: cache, beam search, sampling, formula constraint, ranking."""
