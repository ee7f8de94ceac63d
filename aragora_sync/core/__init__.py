"""The vocabulary: what connectors say, how errors want to be treated, files and clock. Imports nothing of ours."""
