# INTENT: memory that grows until there is none
# VERDICT: limit|error|timeout
# NEEDS: limits
kept = []
while True: kept.append(torch.ones(2**24))
