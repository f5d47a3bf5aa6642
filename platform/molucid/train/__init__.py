"""The training step and loop, engines and checkpoints."""
