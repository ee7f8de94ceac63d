"""Motion: reads what connectors say, and owns all the rest."""
