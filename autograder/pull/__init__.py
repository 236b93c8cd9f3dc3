"""Pull requests graded: what comes in one is data, what goes out is a rendering of the report."""
