"""The window: models in, text and bytes out. A renderer computes nothing."""
