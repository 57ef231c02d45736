"""Tells people: from the journal to one message an incident, and one more when it is over."""
