"""The judge: pure functions over the model. Nothing here sees the live process."""
