"""Knowledge: what was found, where each stream is, and all that a run must know, in one transaction."""
