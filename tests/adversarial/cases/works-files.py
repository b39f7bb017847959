# INTENT: saving, loading, temporary files, programs and copies
# VERDICT: pass
import shutil, subprocess, sys, tempfile
torch.save(x, "x.pt")
shutil.copy("x.pt", "copy.pt")
with tempfile.NamedTemporaryFile() as file:
    torch.save(torch.load("copy.pt"), file.name)
    x = torch.load(file.name)
assert subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True).stdout == "42\n"
y = x.sum(dim=0) * 2
total = y.sum().item()
print(total)
