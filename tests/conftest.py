"""Properties are tried without a clock: a busy machine is no failure."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

collect_ignore = ["second_course"]  # folders of an assignment, whose checks the grader runs

settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("untimed")
