# INTENT: threads, more of them for torch, and an event loop
# VERDICT: pass
import asyncio, threading, concurrent.futures
torch.set_num_threads(2)
torch.rand(300, 300) @ torch.rand(300, 300)
async def doubled(value): return value * 2
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    sums = pool.submit(lambda: x.sum(dim=0)).result()
y = asyncio.run(doubled(sums))
total = y.sum().item()
print(total)
