"""Evidence: spectrum types, clean-up steps and file formats."""
