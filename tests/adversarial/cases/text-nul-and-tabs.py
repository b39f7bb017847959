# INTENT: form feeds, vertical tabs and tabs in odd places
# VERDICT: error|fail
y = 0
if True:
	total = 0
        
print("\x00\x0b\x0c")
