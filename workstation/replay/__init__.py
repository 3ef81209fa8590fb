"""Replay: a kernel that is fed again with what was recorded, at a pace of one's own, beside whatever runs."""
