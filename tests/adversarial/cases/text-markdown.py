# INTENT: names and messages that are Markdown, HTML and command links
# VERDICT: error
class Evil(Exception): pass
Evil.__name__ = "[run](command:workbench.action.terminal.new)"
Evil.__qualname__ = "<img src=x onerror=alert(1)>"
raise Evil("**bold** `code` ```\n[x](command:y) <a href='command:z'>z</a> $(zap)")
