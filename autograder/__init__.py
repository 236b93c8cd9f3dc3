"""The marker: reads a submission, runs it behind a wall, judges the values that come back."""
