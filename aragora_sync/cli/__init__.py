"""The terminal: one module for each command; the only room that imports typer and rich."""
