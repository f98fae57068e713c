"""What happened in a run: typed events, and how they are stored."""
