"""What stays with the judge: hidden checks."""
