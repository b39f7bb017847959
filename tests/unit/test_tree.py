"""What the tree says of the learner's files."""

from __future__ import annotations

from pathlib import Path

from blankcheck.courses import find_exercise, start
from blankcheck.lsp.tree import courses

CHAPTER = """## One

```yaml
type: NormalExercise
key: one
```

`@sample_code`
```{python}
x = ___
```

`@solution`
```{python}
x = 1
```

---

## Two

```yaml
type: TabExercise
key: two
```

***

```yaml
type: NormalExercise
key: two1
```

`@sample_code`
```{python}
y = ___
```

`@solution`
```{python}
y = 1
```

***

```yaml
type: NormalExercise
key: two2
```

`@sample_code`
```{python}
z = ___
```

`@solution`
```{python}
z = 1
```
"""


def test_each_exercise_and_step_has_its_file_once_it_is_started(tmp_path: Path) -> None:
    chapter = tmp_path / "course" / "a.md"
    chapter.parent.mkdir()
    chapter.write_text(CHAPTER, "utf-8")

    def listed() -> list[str | None]:
        found = [course for course in courses([tmp_path], {})["courses"] if not course["builtin"]]
        one, two = found[0]["chapters"][0]["exercises"]
        return [one["file"], two["file"], *(step["file"] for step in two["steps"])]

    assert listed() == [None] * 4
    second, _ = start(find_exercise(chapter, "two", 2), tmp_path)
    assert listed() == [None, None, None, second.as_uri()]
    first, _ = start(find_exercise(chapter, "two", 1), tmp_path)
    assert listed() == [None, first.as_uri(), first.as_uri(), second.as_uri()]
