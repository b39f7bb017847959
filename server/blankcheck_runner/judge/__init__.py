"""The judge: evaluates an SCT against what a submission did. Runs in a process that the submission never touches."""
