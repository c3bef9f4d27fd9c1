"""Prove in a test that a leak is there, and later that it is gone."""
