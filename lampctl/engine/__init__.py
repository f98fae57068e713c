"""The engine: what is asked for, what is there, and the way from one to the other. All I/O is here or in ssh."""
