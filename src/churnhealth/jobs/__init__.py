"""One function for each job, and the settings they run with."""
