# INTENT: four gigabytes of shared memory
# VERDICT: limit|error|fail
# NEEDS: limits
import mmap
m = mmap.mmap(-1, 4 * 2**30)
