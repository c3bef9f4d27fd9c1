"""Small services to try leakprobe on; installed as `leakprobe.examples`."""
