"""The command line: a module for each subject, put together in `__main__`."""
