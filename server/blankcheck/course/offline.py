"""Data sets of torchvision that chapters download, and code that stands in for each offline.

The code goes before a chapter's own, so it brings its imports, leaves the random state alone and
replaces the data set where it is looked up. Its images are made up, but each is brighter where its
label says, so that a network can learn from them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class _Form:
    """What a data set's items look like."""

    shape: tuple[int, ...]
    """As `data` holds one image."""
    lengths: dict[str, int]
    """By split, the usual one first."""
    classes: tuple[str, ...]
    split: bool = False
    """Whether it is asked for by `split` and not by `train`."""
    array: bool = False
    """Whether `data` is a numpy array and the labels are a list or an array."""
    labels: str = "targets"
    """The attribute that holds the labels."""


_TRAIN = {"train": 60_000, "test": 10_000}
_CIFAR = {"train": 50_000, "test": 10_000}
_DIGITS = tuple("0123456789")
_FORMS = {
    "MNIST": _Form(
        (28, 28),
        _TRAIN,
        (
            *("0 - zero", "1 - one", "2 - two", "3 - three", "4 - four"),
            *("5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"),
        ),
    ),
    "FashionMNIST": _Form(
        (28, 28),
        _TRAIN,
        (
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
    ),
    "KMNIST": _Form((28, 28), _TRAIN, ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")),
    "USPS": _Form((16, 16), {"train": 7_291, "test": 2_007}, _DIGITS, array=True),
    "CIFAR10": _Form(
        (32, 32, 3),
        _CIFAR,
        (
            *("airplane", "automobile", "bird", "cat", "deer"),
            *("dog", "frog", "horse", "ship", "truck"),
        ),
        array=True,
    ),
    "CIFAR100": _Form(
        (32, 32, 3), _CIFAR, tuple(f"class {number}" for number in range(100)), array=True
    ),
    "SVHN": _Form(
        (3, 32, 32),
        {"train": 73_257, "test": 26_032},
        _DIGITS,
        split=True,
        array=True,
        labels="labels",
    ),
    "STL10": _Form(
        (3, 96, 96),
        {"train": 5_000, "test": 8_000},
        (*("airplane", "bird", "car", "cat", "deer"), *("dog", "horse", "monkey", "ship", "truck")),
        split=True,
        array=True,
        labels="labels",
    ),
}


@dataclass(frozen=True)
class DataSetCall:
    """A place where code makes one of the data sets."""

    name: str
    node: ast.Call
    downloads: bool


def data_set_calls(tree: ast.Module) -> Iterator[DataSetCall]:
    """The places where code makes a data set that there is a stand-in for, in order."""
    own = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torchvision")
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            own.update(
                (alias.asname, "datasets")
                for alias in node.names
                if alias.asname and alias.name == "torchvision.datasets"
            )
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        match call.func:
            case ast.Attribute(value=ast.Name(id=module) | ast.Attribute(attr=module), attr=name):
                name = name if own.get(module, module) == "datasets" else ""
            case ast.Name(id=known) if known in own:
                name = own[known]
            case _:
                continue
        if name in _FORMS:
            downloads = any(
                isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                for keyword in call.keywords
                if keyword.arg == "download"
            )
            yield DataSetCall(name, call, downloads)


def stand_in(name: str) -> str:
    """Code that puts made-up images in the place of a data set."""
    form = _FORMS[name]
    if form.split:
        choice, default, seed = "split", '"train"', "len(split)"
        length = f"{form.lengths!r}[split]".replace("'", '"')
    else:
        choice, default, seed = "train", "True", "int(train)"
        length = f"{form.lengths['train']} if train else {form.lengths['test']}"
    folds = "folds=None, " if name == "STL10" else ""
    labels, whole, image = "labels", "pixels", "pixels.numpy()"
    if form.array:
        labels = "labels.numpy()" if form.split else "labels.tolist()"
        whole, image = "pixels.numpy()", "pixels.numpy()"
    if form.shape[0] == 3:
        image = "pixels.permute(1, 2, 0).numpy()"
    classes = ", ".join(f'"{one}"' for one in form.classes)
    return f"""\
import torch
import torchvision
from PIL import Image


class Offline{name}(torch.utils.data.Dataset):
    \"\"\"Made-up images in the form of {name}, for places without a network.\"\"\"

    classes = [{classes}]

    def __init__(
        self, root=None, {choice}={default}, {folds}transform=None, target_transform=None,
        download=False,
    ):
        self.root, self.{choice} = root, {choice}
        self.transform, self.target_transform = transform, target_transform
        count = {length}
        generator = torch.Generator().manual_seed({seed})
        labels = torch.randint(len(self.classes), (count,), generator=generator)
        self._labels = labels
        self.{form.labels} = {labels}
        noise = torch.randint(96, (256, {prod(form.shape)}), generator=generator)
        self._noise = noise.to(torch.uint8)

    @property
    def class_to_idx(self):
        return {{name: number for number, name in enumerate(self.classes)}}

    @property
    def data(self):
        pixels = self._pixels(torch.arange(len(self)))
        return {whole}

    def _pixels(self, index):
        noise = self._noise[index % len(self._noise)]
        place = torch.arange(noise.shape[-1]) * len(self.classes) // noise.shape[-1]
        bright = place == self._labels[index].unsqueeze(-1)
        pixels = noise + bright * torch.tensor(159, dtype=torch.uint8)
        return pixels.reshape(*noise.shape[:-1], {", ".join(map(str, form.shape))})

    def __len__(self):
        return len(self._labels)

    def __getitem__(self, index):
        index = int(index)
        if not 0 <= index < len(self):
            raise IndexError(index)
        pixels, target = self._pixels(torch.tensor(index)), int(self._labels[index])
        image = Image.fromarray({image})
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target


torchvision.datasets.{name} = Offline{name}
"""
