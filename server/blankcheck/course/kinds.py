"""The types of exercises, the languages and the device: which there are, what can be run here; and
what tells a chapter from other Markdown."""

from __future__ import annotations

import keyword
import math
import re
from difflib import get_close_matches
from functools import lru_cache

SINGLE = ("NormalExercise", "ConsoleExercise")
ITERATIVE = (
    "BulletExercise",
    "BulletConsoleExercise",
    "TabExercise",
    "TabConsoleExercise",
    "IterativeExercise",
    "StackedExercise",
    "TabStackedNormalExercise",
)
CHOICES = ("MultipleChoiceExercise", "PureMultipleChoiceExercise")
_CHALLENGES = (
    "BlanksChallenge",
    "MultipleChoiceChallenge",
    "OutputChallenge",
)
_APPS = (
    "DragAndDropExercise",
    "ExplorableExercise",
    "FileExercise",
    "MarkdownExercise",
    "RCppExercise",
    "RStudioMultipleChoiceExercise",
    "ShinyExercise",
)
MAX_SECONDS = 600.0
"""The longest time limit that a chapter may ask for."""
TYPES = ("VideoExercise", *SINGLE, *ITERATIVE, *CHOICES, *_CHALLENGES, *_APPS)

_LANGUAGES = {
    "bash": "shell",
    "py": "python",
    "python2": "python",
    "python3": "python",
    "sh": "shell",
}
_NO_LANGUAGES = ("text", "txt", "plain", "out", "output", "console", "yaml", "csv", "json", "none")
_NO = ("false", "no", "off")
_NAMES = {
    "python": "Python",
    "r": "R",
    "rcpp": "R and C++",
    "sql": "SQL",
    "shell": "shell commands",
}

_EXERCISE = re.compile(
    r"(?:\A|(?<=[\r\n]))(?:(?:---[ \t]+)?type[ \t]*:[ \t]*\w*(?:Exercise|Exericse|Challenge)"
    r"|(?:`@|\*{3}[ \t]*=[ \t]*)(?:pre_exercise_code|sample_code|solution|sct)\b)"
)


def is_chapter(text: str) -> bool:
    """Whether Markdown holds an exercise: one's type, or a directive for its code."""
    return _EXERCISE.search(text) is not None


@lru_cache(maxsize=256)
def meant(type_: str) -> str:
    """The type that is meant: itself, or for a misspelt one the known type; else empty."""
    if type_ in TYPES:
        return type_
    lower = {known.lower(): known for known in TYPES}
    if type_.lower() in lower:
        return lower[type_.lower()]
    close = get_close_matches(type_[:60].lower(), lower, 1, 0.85)
    return lower[close[0]] if close else ""


def language(name: str) -> str:
    """The usual name of a language, from an attribute or from a fence's info string."""
    words = name.strip().strip("{}").lower().replace(",", " ").split()
    word = words[0].strip("{}.") if words else ""
    return "" if word in _NO_LANGUAGES else _LANGUAGES.get(word, word)


def xp(type_: str) -> int:
    """The points of an exercise that does not say them."""
    return 50 if meant(type_) in ("VideoExercise", *CHOICES) else 100


def step_type(type_: str) -> str:
    """The type of a step that does not say it, in an exercise of this type."""
    return "ConsoleExercise" if "Console" in meant(type_) else "NormalExercise"


def not_runnable(type_: str, lang: str, has_code: bool) -> str | None:
    """Why an exercise cannot be run here, told to a learner; null if it can."""
    known = meant(type_)
    if known == "VideoExercise":
        return "This is a video, which is not shown here. Go on with the next exercise."
    if known in CHOICES:
        return "This question is answered by choosing an option: there is nothing to run."
    if not type_:
        return "This exercise does not say its type, so it cannot be run."
    if known not in SINGLE and known not in ITERATIVE:
        return f"Exercises of type {type_[:60]} cannot be run here."
    if lang not in ("python", ""):
        return f"This exercise is written in {_name(lang)}, and only Python can be run here."
    if not has_code:
        return "This exercise has no code, so there is nothing to run."
    return None


def elsewhere(type_: str, lang: str) -> str:
    """Which exercises these are, told to an author, if they are run, but not here; else empty."""
    known = meant(type_)
    if known in ("", "VideoExercise", *CHOICES):
        return ""
    if known not in SINGLE and known not in ITERATIVE:
        return f"of type `{known}`"
    return "" if lang in ("python", "") else f"in {_name(lang)}"


def is_python_misspelt(lang: str) -> bool:
    """Whether Python is meant by a language that there is not."""
    return lang not in _NAMES and bool(get_close_matches(lang[:30], ["python"], 1, 0.75))


def _name(lang: str) -> str:
    return _NAMES.get(lang, lang[:30])


def truth(value: object) -> bool | None:
    """What `network: …` says, yes or no, in the words that YAML has for it; else null."""
    text = str(value).strip().lower()
    return True if text in ("true", "yes", "on") else False if text in _NO else None


def seconds(value: object) -> float | None:
    """What `time_limit: …` asks for; null if that is no time."""
    try:
        asked = float(str(value))
    except ValueError:
        return None
    return asked if math.isfinite(asked) and asked > 0 else None


def device_name(value: object) -> str | None:
    """What `device: …` asks for: with `true` the name `device`, with a name that one, with `false`
    none (empty). Null where it says nothing, or nothing that can be meant."""
    text = str(value).strip()
    if value is None or text.lower() in ("", "null", "~"):
        return None
    asked = truth(text)
    if asked is not None:
        return "device" if asked else ""
    return text if text.isidentifier() and not keyword.iskeyword(text) else None
