# INTENT: tensors without data
# VERDICT: fail|error
y = torch.empty(3, device="meta")
total = torch.sparse_coo_tensor(torch.zeros(1, 0, dtype=torch.long), [], (10**12,))
print(30.0)
