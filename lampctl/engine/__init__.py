"""The engine: observes, applies and proves. All I/O is here or in ssh."""
