"""The booking systems that sources read, as servers true to their documents: one file a system."""
