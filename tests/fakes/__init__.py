"""Stateful doubles of vendors, each with faults that a test can order."""
