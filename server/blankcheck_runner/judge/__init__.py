"""The judge: evaluates an SCT against what a submission did.

It runs in a process that the submission never touches.
"""
