"""The public subset of the suites: released to students, and run again when grading."""
