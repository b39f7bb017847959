# INTENT: fill the disk
# VERDICT: fail|error|limit
import os
with open("big", "wb") as file:
    for _ in range(1000): file.write(bytes(2**20))
