"""The HTTP edge: middleware, debug application, authentication."""
