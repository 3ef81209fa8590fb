"""Panels beside, above and in front of each other."""
