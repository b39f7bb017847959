"""Explanations from testimony alone: other wordings of PyTorch, forged testimony, phrases."""

from __future__ import annotations

import ast
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blankcheck_runner.described import Value
from blankcheck_runner.explain import explain, words
from blankcheck_runner.positions import Positions
from blankcheck_runner.testimony import (
    Crash,
    Frame,
    LibraryCall,
    Operand,
    crash_from_json,
    crash_to_json,
)
from blankcheck_runner.wire import Feedback

FILE = "/somewhere/exercise.py"


def tensor(*shape: int, dtype: str = "float32", device: str = "cpu") -> Value:
    return Value("Tensor", "tensor", shape=shape, dtype=dtype, device=device)


def told(
    kind: str, message: str, code: str, *calls: LibraryCall, **values: Value
) -> tuple[str, Feedback]:
    """The feedback for an error of the last statement, and the text that it underlines."""
    statement = ast.parse(code).body[-1]
    node = statement.value if isinstance(statement, (ast.Assign, ast.Expr)) else statement
    start = code.rindex(ast.get_source_segment(code, node) or "")
    operands = tuple(
        Operand(0, found.col_offset + start - node.col_offset, end, values[found.id])
        for found in ast.walk(node)
        if isinstance(found, ast.Name)
        and found.id in values
        and (end := (found.end_col_offset or 0) + start - node.col_offset)
    )
    frame = Frame(FILE, "<module>", statement.lineno, start, len(code.rstrip("\n")))
    crash = Crash(kind, kind, message, frames=(frame,), operands=operands, calls=calls)
    feedback = explain(crash, code)
    assert feedback.start is not None
    return code[feedback.start : feedback.end], feedback


@pytest.mark.parametrize(
    ("message", "devices"),
    [
        (
            "Expected all tensors to be on the same device, but found at least two devices, "
            "cuda:0 and cpu!",
            ("cuda:0", "cpu"),
        ),
        (
            "Expected all tensors to be on the same device, but got mat2 is on cuda:0, different "
            "from other tensors on cpu (when checking argument in method wrapper_CUDA_mm)",
            ("cuda:0", "cpu"),
        ),
    ],
)
def test_devices_in_several_wordings(message: str, devices: tuple[str, str]) -> None:
    code = "y = a @ f(b)\n"
    _, feedback = told("RuntimeError", message, code, a=tensor(2, 2, device=devices[1]))
    assert feedback.code == "run/device"
    assert all(device in feedback.message for device in devices)


def test_the_tensor_on_the_other_device_is_underlined() -> None:
    message = (
        "Expected all tensors to be on the same device, but found at least two devices, cuda:0 "
        "and cpu! (when checking argument for argument mat2 in method wrapper_CUDA_mm)"
    )
    text, feedback = told(
        "RuntimeError",
        message,
        "y = a @ b\n",
        a=tensor(2, 2, device="cuda:0"),
        b=tensor(2, 2),
    )
    assert text == "b"
    assert "`a` is on cuda:0, but `b` is on cpu" in feedback.message


def test_a_layer_and_its_input_on_two_devices() -> None:
    net = Value("Linear", "layer", facts={"device": "cuda:0", "dtype": "float32"})
    text, feedback = told(
        "RuntimeError",
        "Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) should be the "
        "same or input should be a MKLDNN tensor and weight is a dense tensor",
        "y = net(x)\n",
        LibraryCall("forward", net, arguments={"input": tensor(1, 2)}),
        net=net,
        x=tensor(1, 2),
    )
    assert (text, feedback.code) == ("x", "run/device")
    assert "is on cuda:0, but `x` is on cpu" in feedback.message


@pytest.mark.parametrize(
    "message",
    [
        "expected scalar type Long but found Float",
        "expected target dtype to be Long or Byte, but got Float",
    ],
)
def test_class_numbers_in_several_wordings(message: str) -> None:
    text, feedback = told(
        "RuntimeError",
        message,
        "loss = criterion(output, target)\n",
        LibraryCall("cross_entropy", None, arguments={"input": tensor(2, 3)}),
        target=tensor(2),
    )
    assert (text, feedback.code) == ("target", "run/dtype")
    assert "`target` is float32" in feedback.message


@pytest.mark.parametrize(
    "message",
    [
        "mat1 and mat2 must have the same dtype, but got Double and Float",
        "expected m1 and m2 to have the same dtype, but got: double != float",
        "expected scalar type Double but found Float",
    ],
)
def test_two_dtypes_in_several_wordings(message: str) -> None:
    text, feedback = told(
        "RuntimeError",
        message,
        "y = torch.mm(a, b)\n",
        a=tensor(2, 2, dtype="float64"),
        b=tensor(2, 2),
    )
    assert (text, feedback.code) == ("a", "run/dtype")
    assert "`a` is float64, but `b` is float32" in feedback.message


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 1.00 GiB",
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)",
        "[enforce fail at alloc_cpu.cpp:66] . DefaultCPUAllocator: not enough memory: you tried to "
        "allocate 4000000000000 bytes.",
    ],
)
def test_memory_in_several_wordings(message: str) -> None:
    _, feedback = told("RuntimeError", message, "x = torch.ones(n)\n")
    assert feedback.code == "run/memory"
    assert "memory" in feedback.message


def test_a_list_is_asked_for_in_the_older_wording() -> None:
    text, feedback = told(
        "TypeError",
        "cat() received an invalid combination of arguments - got (Tensor, Tensor), but expected "
        "one of:\n * (tuple of Tensors tensors, int dim, *, Tensor out)\n",
        "c = torch.cat(a, b)\n",
        a=tensor(2),
        b=tensor(2),
    )
    assert (text, feedback.code) == ("(a, b)", "run/argument")
    assert "one list of tensors" in feedback.message


def test_an_error_of_a_loading_process_points_into_the_dataset() -> None:
    code = (
        "class D:\n    def __getitem__(self, i):\n        return 1 / 0\nfor x in loader:\n    x\n"
    )
    message = (
        "Caught ZeroDivisionError in DataLoader worker process 0.\nOriginal Traceback (most recent "
        f'call last):\n  File "/lib/fetch.py", line 54, in fetch\n  File "{FILE}", line 3, in '
        "__getitem__\n    return 1 / 0\nZeroDivisionError: division by zero\n"
    )
    frame = Frame(FILE, "<module>", 4, code.index("loader"), code.index("loader") + 6)
    feedback = explain(
        Crash("ZeroDivisionError", "ZeroDivisionError", message, frames=(frame,)), code
    )
    assert feedback.code == "run/data"
    assert "on line 3" in feedback.message
    assert "ZeroDivisionError: division by zero" in feedback.message
    assert code[feedback.start : feedback.end] == "return 1 / 0"


def test_what_nobody_knows_is_told_in_pythons_words() -> None:
    text, feedback = told("OddError", "it is odd\nvery", "f(3)\n")
    assert (text, feedback.code) == ("f(3)", "run/exception")
    assert feedback.message == "OddError: it is odd very."


def test_an_exception_without_message_and_place() -> None:
    feedback = explain(Crash("Odd", "Exception", ""), "x = 1\n")
    assert (feedback.message, feedback.start, feedback.end) == ("Odd.", None, None)


def test_messages_hide_nothing() -> None:
    _, feedback = told("ValueError", "\x1b[31m\u202edrow", "f(3)\n")
    assert feedback.message == "ValueError: \\x1b[31m\\u202edrow."


@pytest.mark.parametrize(
    ("name", "names", "meant"),
    [
        ("weights_1", ["weight_1", "weight_2"], "weight_1"),
        ("Relu", ["relu6", "ReLU", "RReLU"], "ReLU"),
        ("batchsize", ["batch_size"], "batch_size"),
        ("wieght", ["weight", "height"], "weight"),
        ("fcl", ["fc1", "forward"], "fc1"),
        ("matmull", ["matmul", "mm"], "matmul"),
        ("x", ["y", "z"], None),
        ("foo", ["floor", "format"], None),
        ("zebra", ["zeros", "abs"], None),
        ("x" * 100, ["x" * 101], None),
    ],
)
def test_the_nearest_name(name: str, names: list[str], meant: str | None) -> None:
    assert words.closest(name, names) == meant


# --- Forged testimony -----------------------------------------------------------------------------

SOURCE = "a = f(x)\nfor y in a:\n    print(y @ a, a[0], a.b)\nq, r = a\n"
TYPES = [
    "RuntimeError",
    "TypeError",
    "NameError",
    "AttributeError",
    "KeyError",
    "ValueError",
    "IndexError",
    "ModuleNotFoundError",
    "FileNotFoundError",
    "AssertionError",
    "OSError",
]
FRAGMENTS = [
    "mat1 and mat2 shapes cannot be multiplied (2x3 and 99999999999999999999x1)",
    "shape '[0, -1]' is invalid for input of size 8",
    "Target 3 is out of bounds",
    "index 7 is out of bounds for dimension 9 with size 0",
    "too many values to unpack (expected 2)",
    "'NoneType' object has no attribute 'b'",
    "f() takes 1 positional argument but 9 were given",
    "f() missing 1 required positional argument: 'x'",
    "f(): argument 'x' (position 99) must be Tensor, not list",
    "Sizes of tensors must match except in dimension 1. Expected size 4 but got size 3 for tensor "
    "number 77 in the list",
    "Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: . ",
    "name 'zzz' is not defined",
]
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["tensor", "layer", "none", "list", "function", "class"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
VALUE = PLAIN | st.fixed_dictionaries(
    {"type": PLAIN, "kind": PLAIN, "shape": PLAIN, "length": PLAIN, "facts": PLAIN, "items": PLAIN}
)
PLACE = st.integers(-5, len(SOURCE) + 5)
FRAME = PLAIN | st.fixed_dictionaries(
    {"file": st.just(FILE), "function": PLAIN, "line": PLACE, "start": PLACE, "end": PLACE}
)
FORGED = st.fixed_dictionaries(
    {
        "type": st.sampled_from(TYPES) | PLAIN,
        "base": st.sampled_from(TYPES) | PLAIN,
        "message": st.sampled_from(FRAGMENTS) | PLAIN,
        "missing": st.sampled_from(["b", "zzz", "a"]) | PLAIN,
        "frames": st.lists(FRAME, max_size=3),
        "operands": st.lists(
            st.fixed_dictionaries({"frame": PLACE, "start": PLACE, "end": PLACE, "value": VALUE}),
            max_size=4,
        ),
        "calls": st.lists(
            st.fixed_dictionaries({"function": PLAIN, "owner": VALUE, "arguments": PLAIN}),
            max_size=2,
        ),
        "owner": VALUE,
        "scope": PLAIN,
        "attributes": PLAIN,
        "elsewhere": PLAIN,
        "files": PLAIN,
    }
)


@settings(max_examples=400)
@given(PLAIN | FORGED)
def test_forged_testimony_is_never_believed_blindly(data: Any) -> None:
    crash = crash_from_json(data)
    assert crash_from_json(json.loads(json.dumps(crash_to_json(crash)))) == crash
    feedback = explain(crash, SOURCE)
    assert feedback.message
    assert len(feedback.message) <= 700
    if feedback.start is not None:
        assert feedback.end is not None
        assert 0 <= feedback.start <= feedback.end <= len(SOURCE)


def test_testimony_is_capped() -> None:
    data: dict[str, Any] = {
        "type": "E" * 10**6,
        "message": "m" * 10**6,
        "scope": ["n" * 10**5] * 10**4,
        "frames": [{}] * 10**4,
        "operands": [{"frame": 0, "start": 0, "end": 1, "value": {"shape": [1] * 10**5}}] * 10**4,
    }
    assert len(json.dumps(crash_to_json(crash_from_json(data)))) < 2_000_000


# On a graphics card: what PyTorch says there, as recorded


ROOM = (
    "CUDA out of memory. Tried to allocate {asked}. GPU 0 has a total capacity of 14.75 GiB of "
    "which {free} is free. Process 4520 has {held} memory in use. Of the allocated memory {own} is "
    "allocated by PyTorch, and 6.00 MiB is reserved by PyTorch but unallocated. If reserved but "
    "unallocated memory is large try setting PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to "
    "avoid fragmentation.  See documentation for Memory Management"
)
ASSERT = (
    "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported "
    "at some other API call, so the stacktrace below might be incorrect.\nFor debugging consider "
    "passing CUDA_LAUNCH_BLOCKING=1\nCompile with `TORCH_USE_CUDA_DSA` to enable device-side "
    "assertions.\n"
)


def on_card(message: str, code: str, *calls: str) -> Feedback:
    statement = ast.parse(code).body[-1]
    frame = Frame(FILE, "<module>", statement.lineno, code.rindex("\n") + 1, len(code))
    library = tuple(LibraryCall(name) for name in calls)
    return explain(
        Crash("OutOfMemoryError", "RuntimeError", message, frames=(frame,), calls=library), code
    )


def test_a_card_that_the_learner_fills() -> None:
    message = ROOM.format(asked="20.00 GiB", free="12.06 GiB", held="2.68 GiB", own="2.56 GiB")
    said = on_card(message, "\nx = torch.ones(n, device=device)")
    assert said.code == "run/memory"
    assert "needs 20 GB more on a graphics card of 14.8 GB" in said.message
    assert "holds 2.56 GB" in said.message
    assert "smaller batches" in said.message
    assert "other programs" not in said.message


def test_a_card_that_others_fill() -> None:
    message = ROOM.format(asked="512.00 MiB", free="101.00 MiB", held="13.9 GiB", own="20.00 MiB")
    said = on_card(message, "\nnet = net.to(device)")
    assert "other programs hold about 13.6 GB of its 14.8 GB" in said.message
    assert "blankcheck.device" in said.message


def test_a_card_with_no_room_to_begin() -> None:
    said = on_card("CUDA error: out of memory\nCUDA kernel errors might be", "\nx = x.cuda()")
    assert "no memory left: most likely other programs" in said.message


@pytest.mark.parametrize(
    ("code", "calls", "part"),
    [
        ("\nloss = criterion(out, y)", ("forward", "cross_entropy"), "not one of the classes"),
        ("\nv = emb(words)", ("forward", "embedding"), "not in the embedding"),
        ("\nl = F.binary_cross_entropy(p, y)", (), "not between 0 and 1"),
        ("\nz = x[index]", (), "an index is out of range"),
    ],
)
def test_an_assert_on_the_card(code: str, calls: tuple[str, ...], part: str) -> None:
    said = on_card(ASSERT, code, *calls)
    assert said.code == "run/index"
    assert part in said.message
    assert "on the CPU" in said.message


@pytest.mark.parametrize(
    ("message", "part"),
    [
        (
            "CUDA error: CUDA-capable device(s) is/are busy or unavailable",
            "Another program has the graphics card for itself",
        ),
        ("CUDA error: invalid device ordinal", "as `cuda` or `cuda:0`"),
        (
            "CUDA error: no kernel image is available for execution on the device",
            "not built for this graphics card",
        ),
        ("CUDA error: an illegal memory access was encountered", "not its own"),
        (
            "Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you "
            "must use the 'spawn' start method",
            "num_workers=0",
        ),
    ],
)
def test_what_else_goes_wrong_on_a_card(message: str, part: str) -> None:
    said = on_card(message, "\nx = x.to('cuda:1')")
    assert said.code == "run/device"
    assert part in said.message


def crashed_at(name: str, code: str, *scope: str) -> str:
    """What is told of a name that is not there."""
    start = code.index(name)
    frame = Frame(FILE, "<module>", 1, start, start + len(name))
    message = f"name '{name}' is not defined"
    crash = Crash("NameError", "NameError", message, frames=(frame,), scope=scope, missing=name)
    return explain(crash, code).message


def test_a_name_is_only_suggested_where_it_is_near() -> None:
    assert "Did you mean `weight_1`" in crashed_at("weights_1", "y = weights_1", "weight_1", "x")
    assert "Did you mean `hidden`" in crashed_at("hiden", "y = hiden", "hidden", "head")
    assert "Did you mean" not in crashed_at("apple", "y = apple", "weights")
    assert "Did you mean" not in crashed_at("out", "y = out", "w")
    assert "Did you mean `print`" in crashed_at("prnt", "prnt(3)", "w")
    assert "Did you mean `True`" in crashed_at("true", "y = true", "w")


def test_a_key_without_quotes() -> None:
    assert '`"apple"`' in crashed_at("apple", "prices = {apple: 3}")
    assert '`"apple"`' in crashed_at("apple", "prices[apple]", "prices")
    assert "quotes" not in crashed_at("apple", "print(apple)")


LOADING = "loader = DataLoader(data, num_workers=2)\nrows = list(loader)\n"


@pytest.mark.parametrize(
    ("kind", "message", "code", "advice"),
    [
        ("OSError", "[Errno 30] Read-only file system", LOADING, "num_workers=0"),
        ("OSError", "[Errno 28] No space left on device", LOADING, "--shm-size"),
        ("FileNotFoundError", "[Errno 2] No such file or directory", LOADING, "--shm-size"),
        (
            "RuntimeError",
            "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that "
            "dataloader's workers are out of shared memory. Please try to raise your shared memory "
            "limit.",
            LOADING,
            "--shm-size",
        ),
        (
            "RuntimeError",
            "unable to write to file </torch_7_1_0>: unable to allocate shared memory(shm) for "
            "file </torch_7_1_0>: No space left on device (28)",
            LOADING,
            "--shm-size",
        ),
        ("OSError", "[Errno 28] No space left on device", "n = file.write(text)\n", "on the disk"),
    ],
)
def test_no_room_is_told_with_what_to_do(kind: str, message: str, code: str, advice: str) -> None:
    _, feedback = told(kind, message, code)
    assert advice in feedback.message


def test_a_file_that_is_not_there_is_no_lack_of_shared_memory() -> None:
    _, feedback = told("FileNotFoundError", "[Errno 2] No such file: 'a.pt'", "x = load('a.pt')\n")
    assert "shm" not in feedback.message


@pytest.mark.parametrize("word", ["a", "1", "a."])
@pytest.mark.parametrize("kind", ["TypeError", "RuntimeError", "OSError"])
def test_a_long_word_takes_no_long_time(word: str, kind: str) -> None:
    """All else that a host does waits meanwhile."""
    begun = time.monotonic()
    explain(Crash(kind, kind, word * 30_000, frames=(Frame(FILE, "<module>", 1, 0, 3),)), "f(1)\n")
    assert time.monotonic() - begun < 5  # or a minute


@pytest.mark.parametrize("text", ["1,", "'\N{GREEK SMALL LETTER PI}',"])
def test_a_long_line_takes_no_long_time(text: str) -> None:
    source = f"q = [{text * 40_000}]\n1 / 0\n"
    start = source.index("1 / 0")
    frame = Frame(FILE, "<module>", 2, start, start + 5)
    begun = time.monotonic()
    feedback = explain(
        Crash("ZeroDivisionError", "ZeroDivisionError", "no", frames=(frame,)), source
    )
    positions = Positions(source)
    ends = [positions.offset(1, column) for column in range(40_000)]
    assert time.monotonic() - begun < 5
    assert (feedback.start, feedback.end) == (start, start + 5)
    assert ends == sorted(ends)
