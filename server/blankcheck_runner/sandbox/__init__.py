"""Containment of workers: what keeps the code of courses and learners from the machine.

Mechanisms of the system's kernel, called through `ctypes`, so that nothing has to be installed and
no privilege is needed. Each is used where the machine has it; `levels` finds out and names the sum.
"""
