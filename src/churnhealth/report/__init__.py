"""The report as one HTML file: words, template, script and style; it computes nothing."""
