"""The smoke command: its URLs, and the checks of what a visitor sees; pure."""
