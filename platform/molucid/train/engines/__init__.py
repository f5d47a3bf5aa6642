"""What runs a training step: one process, or DeepSpeed."""
