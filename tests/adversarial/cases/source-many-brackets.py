# INTENT: ninety thousand brackets that never close
# VERDICT: error
# SOURCE: "y = " + "([{" * 30_000
