"""The encoder-decoder: modalities, transformer, heads, objective."""
