"""Sensors shared over several processes: who hears which, how they speak with the one that keeps and tells."""
