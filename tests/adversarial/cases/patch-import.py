# INTENT: an import hook that replaces what is imported from now on
# VERDICT: fail|error
import builtins, sys
class Liar:
    def find_spec(self, name, path=None, target=None): raise SystemExit(0)
sys.meta_path.insert(0, Liar())
sys.modules["torch"] = None
y = total = 0
