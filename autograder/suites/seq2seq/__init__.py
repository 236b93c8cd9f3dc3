"""The hidden suites of module 04, one file a task."""
