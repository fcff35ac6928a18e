"""One module per command, named after it, with a click command ``command``. Nothing else belongs here.

The first line of its docstring is what ``sidewise --help`` says of it.

A module imports at its top only what `--help` may load; what is heavy it imports where it is used.
"""
