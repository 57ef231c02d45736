"""Booking systems read and told over their APIs: one file a system, behind one port."""
