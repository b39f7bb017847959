# INTENT: a pool of processes
# VERDICT: pass
import multiprocessing
def twice(value): return value * 2
with multiprocessing.get_context("fork").Pool(2) as pool:
    y = torch.tensor(pool.map(twice, x.sum(dim=0).tolist()))
total = y.sum().item()
print(total)
