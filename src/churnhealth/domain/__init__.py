"""The words of the field and their rules: no files, no clock, no network, no SQL."""
