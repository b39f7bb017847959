# INTENT: workers of a DataLoader, shared memory and all
# VERDICT: pass
from torch.utils.data import DataLoader, TensorDataset
loader = DataLoader(TensorDataset(torch.arange(6.).reshape(2, 3)), batch_size=1, num_workers=2)
y = sum(batch[0][0] for batch in loader) * 2
total = y.sum().item()
print(total)
