"""`make bench`: what grading costs, against what others need for the same checks."""
