"""Asks the feeds that are due and takes in what they say."""
