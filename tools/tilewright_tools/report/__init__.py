"""Reports for people: tables of runs."""
