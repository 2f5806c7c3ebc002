"""Those that are compared, one file a framework. A file is imported in a process of its own alone."""
