"""Three leaks of a subtitle service, each proved by a test that is green once it is fixed."""
