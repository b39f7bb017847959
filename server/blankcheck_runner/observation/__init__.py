"""A value as plain data and back: how the judge learns what is in another process.

`observe` runs where the value is and `rebuild` in the judge. Between them there is only JSON and
bytes, so a learner's class never reaches the judge: its instances arrive as stand-ins.
"""

from __future__ import annotations

from blankcheck_runner.observation.describing import describe
from blankcheck_runner.observation.reading import rebuild
from blankcheck_runner.observation.standins import (
    ClassValue,
    ExceptionValue,
    FunctionValue,
    ImportedModule,
    InstanceValue,
    LoaderValue,
    ModuleValue,
    NamedTupleValue,
    Opaque,
    OptimizerValue,
    ParameterName,
    TensorFacts,
    TensorSummary,
    ViewValue,
    facts,
)
from blankcheck_runner.observation.writing import Observation, observe

__all__ = [
    "ClassValue",
    "ExceptionValue",
    "FunctionValue",
    "ImportedModule",
    "InstanceValue",
    "LoaderValue",
    "ModuleValue",
    "NamedTupleValue",
    "Observation",
    "Opaque",
    "OptimizerValue",
    "ParameterName",
    "TensorFacts",
    "TensorSummary",
    "ViewValue",
    "describe",
    "facts",
    "observe",
    "rebuild",
]
