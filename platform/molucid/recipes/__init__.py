"""Named experiments as YAML, differences only."""
