"""The commands of `python -m server`, each in a module that only it imports."""
