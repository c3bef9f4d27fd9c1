"""`leakprobe demo`: a service that leaks, load, and the pages that say where."""
