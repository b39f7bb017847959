"""The chapter that the tests of the command line and of the language server share: no torch."""

from __future__ import annotations

SUMS = """---
title: Small sums
description: A chapter without torch.
---

## Add two numbers

```yaml
type: NormalExercise
key: add01
lang: python
xp: 100
```

Python adds.

`@instructions`
- Add 2 and 3 and store the result in `total`.
- Print `total`.

`@hint`
- Use the plus sign.
- Use `print`.

`@pre_exercise_code`
```{python}
start = 2
```

`@sample_code`
```{python}
total = max(___, 5)
print(___)
```

`@solution`
```{python}
total = max(start + 3, 5)
print(total)
```

`@sct`
```{python}
Ex().check_object("total").has_equal_value()
success_msg("Well added.")
```

---

## A broken exercise

```yaml
type: NormalExercise
key: broken01
lang: python
xp: 100
```

Nothing here works.

`@instructions`
- Store 1 in `x`.

`@hint`
- One.

`@pre_exercise_code`
```{python}
y = 1 / 0
```

`@sample_code`
```{python}
x = ___
```

`@solution`
```{python}
x = 1
```

`@sct`
```{python}
Ex().check_object("x").has_equal_value()
success_msg("Good.")
```
"""
