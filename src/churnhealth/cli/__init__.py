"""The command line: parse, one call, print. Heavy libraries are imported inside the commands."""
