# INTENT: a tensor whose elements share one place, changed while it is read
# VERDICT: fail
import threading
base = torch.zeros(1)
y = base.expand(3)
def flicker():
    while True: base.fill_(6.0); base.fill_(8.0); base.fill_(10.0)
threading.Thread(target=flicker, daemon=True).start()
total = 30.0
print(total)
