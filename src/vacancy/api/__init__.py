"""The web for programs."""
