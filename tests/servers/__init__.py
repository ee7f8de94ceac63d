"""Real servers on loopback, started once for each test process and stopped with it; see each module."""
