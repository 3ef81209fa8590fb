"""Recordings of market data: written by a running session or an import, read by backtests and the sandbox exchange."""

from workstation.market.recordings.file_format import RecordingHeader, read_header
from workstation.market.recordings.reading import Recording, Recordings, read_recording, read_recordings

__all__ = ["Recording", "RecordingHeader", "Recordings", "read_header", "read_recording", "read_recordings"]
