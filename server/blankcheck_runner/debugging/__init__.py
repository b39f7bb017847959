"""Debugging a submission: the adapter that an editor talks to, and the program that is debugged."""
