"""What students and their process hold: probes and public checks."""
