"""Files that belong to a process: locks, and parts of files that are still being written."""
