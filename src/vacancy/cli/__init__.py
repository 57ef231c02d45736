"""The command line: thin commands over services, one file a group.

Facts go to stdout (with `--json` one document), everything else to stderr. Exit 0 done, 1 the thing
asked about is bad, 2 usage or config. Modules that cost time are imported inside the commands, so
that `vacancy --help` is quick.
"""
