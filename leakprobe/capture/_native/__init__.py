"""What only C can do: the allocation sampler and the heap walk in a copy of the process.

Both are built by the installation where a compiler is present. Nothing but
`leakprobe.capture.native` imports from here: that is where it is found out whether they
are there, and why not.
"""
