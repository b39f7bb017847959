"""The exercise that is measured: six small matrix products and two prints."""

from __future__ import annotations

PREPARATION = "import torch\ntorch.manual_seed(1)\n"
SAMPLE = """\
# Make the tensors
a = torch.rand(___, 4)
b = torch.rand(4, 4)
c = torch.rand(4, 4)

# Multiply them
d = torch.matmul(a, b)
e = torch.matmul(d, c)
f = a @ ___
g = f @ e
h = torch.matmul(___, b)
i = h @ g
print(i)
print(i.shape)
"""
ANSWER = SAMPLE.replace("(___, 4)", "(4, 4)").replace("@ ___", "@ c").replace("(___,", "(g,")
SCT = """\
Ex().check_object("f").has_equal_value()
Ex().check_object("i").has_equal_value()
Ex().check_function("torch.matmul", signature=False, index=0)
success_msg("Well multiplied.")
"""
RIVAL_SCT = """\
Ex().has_printout(0)
Ex().has_printout(1)
Ex().check_function("torch.matmul", signature=False, index=0)
success_msg("Well multiplied.")
"""
"""What pythonwhat is given: it takes no tensor of several elements for equal to another."""


def exercise(number: int) -> str:
    """The exercise under a key of its own; each prepares something else."""
    return f"""\
## Multiply matrices {number}

```yaml
type: NormalExercise
key: bench{number:05d}
lang: python
xp: 100
```

Matrices are multiplied with `torch.matmul()` or `@`. This is exercise {number} of many.

`@instructions`
- Make `a`, a tensor of 4 by 4.
- Multiply `a` by `c`, and store the result in `f`.
- Multiply `g` by `b`, and store the result in `h`.

`@hint`
- Use `torch.matmul()`.

`@pre_exercise_code`
```{{python}}
{PREPARATION}number = {number}
```

`@sample_code`
```{{python}}
{SAMPLE}```

`@solution`
```{{python}}
{ANSWER}```

`@sct`
```{{python}}
{SCT}```

---

"""


def chapter(exercises: int) -> str:
    """A chapter of that many."""
    head = "---\ntitle: Measured\ndescription: What the benchmark measures.\n---\n\n"
    return head + "".join(exercise(number) for number in range(exercises))


def header(number: int) -> str:
    """The first line of a submission."""
    return f"# blankcheck: course/bench.md#bench{number:05d}\n"


def appended(number: int) -> dict[str, object]:
    """An edit that makes a submission another text of the same length, and changes nothing of what
    it does: it writes its last line anew."""
    start = {"line": (header(0) + ANSWER).count("\n"), "character": 0}
    end = {"line": start["line"] + 1, "character": 0}
    return {"range": {"start": start, "end": end}, "text": f"# {number:06d}\n"}
