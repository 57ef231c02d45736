"""The core that decides: values in, values out. No I/O, no clock, no settings, no framework."""
