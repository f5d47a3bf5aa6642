"""One modality of evidence per file."""
