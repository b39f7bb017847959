# INTENT: variables whose names look like others
# VERDICT: error|fail
у = x.sum(dim=0) * 2
totаl = 30.0
print(totаl)
