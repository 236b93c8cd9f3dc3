"""Attacks on the grader, one named submission each, and back ends weak enough for them to pay."""
