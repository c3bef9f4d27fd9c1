"""The camera: the only code that looks at the live interpreter; it returns model values."""
