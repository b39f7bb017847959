"""Makes the files in `data/`: pictures of letters, and a network that has learnt digits.

The pictures are drawn by this script from strokes of our own, so they carry no one else's rights;
they are under the project's licence (MIT). Run it to make the files anew:

    .venv/bin/python exercises/make_data.py

`data/letters.pt` holds `train_images` (312, 28, 28) and `test_images` (130, 28, 28), uint8, ink is
255, with `train_labels` and `test_labels`, int64: A is 1 and Z is 26, as in EMNIST's letters, whose
class 0 is never used. `data/my_net.pth` is the state of the chapter's `Net`, trained on digits.
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor, nn

DATA = Path(__file__).parent / "data"
SIZE = 28
SCALE = 8
"""Pictures are drawn this much larger and then shrunk, which smooths the strokes."""

Stroke = list[tuple[float, float]]

ROUND: Stroke = [(0.5, 0), (0.15, 0.15), (0, 0.5), (0.15, 0.85), (0.5, 1), (0.85, 0.85), (1, 0.5)]
CLOSED: Stroke = [*ROUND, (0.85, 0.15), (0.5, 0)]

LETTERS: dict[str, list[Stroke]] = {
    "A": [[(0, 1), (0.5, 0), (1, 1)], [(0.2, 0.6), (0.8, 0.6)]],
    "B": [[(0, 0), (0, 1), (0.7, 1), (1, 0.75), (0.7, 0.5), (0, 0.5)], [(0, 0), (0.7, 0), (0.9, 0.25), (0.7, 0.5)]],
    "C": [[(1, 0.2), (0.5, 0), (0.1, 0.2), (0, 0.5), (0.1, 0.8), (0.5, 1), (1, 0.8)]],
    "D": [[(0, 0), (0, 1), (0.6, 1), (1, 0.7), (1, 0.3), (0.6, 0), (0, 0)]],
    "E": [[(1, 0), (0, 0), (0, 1), (1, 1)], [(0, 0.5), (0.7, 0.5)]],
    "F": [[(1, 0), (0, 0), (0, 1)], [(0, 0.5), (0.7, 0.5)]],
    "G": [[(1, 0.2), (0.5, 0), (0.1, 0.2), (0, 0.5), (0.1, 0.8), (0.5, 1), (1, 0.8), (1, 0.55), (0.6, 0.55)]],
    "H": [[(0, 0), (0, 1)], [(1, 0), (1, 1)], [(0, 0.5), (1, 0.5)]],
    "I": [[(0.5, 0), (0.5, 1)], [(0.2, 0), (0.8, 0)], [(0.2, 1), (0.8, 1)]],
    "J": [[(0.8, 0), (0.8, 0.8), (0.5, 1), (0.1, 0.85)], [(0.4, 0), (1, 0)]],
    "K": [[(0, 0), (0, 1)], [(1, 0), (0, 0.55), (1, 1)]],
    "L": [[(0, 0), (0, 1), (1, 1)]],
    "M": [[(0, 1), (0, 0), (0.5, 0.6), (1, 0), (1, 1)]],
    "N": [[(0, 1), (0, 0), (1, 1), (1, 0)]],
    "O": [CLOSED],
    "P": [[(0, 1), (0, 0), (0.7, 0), (1, 0.25), (0.7, 0.5), (0, 0.5)]],
    "Q": [CLOSED, [(0.6, 0.7), (1, 1.1)]],
    "R": [[(0, 1), (0, 0), (0.7, 0), (1, 0.25), (0.7, 0.5), (0, 0.5)], [(0.5, 0.5), (1, 1)]],
    "S": [[(1, 0.15), (0.5, 0), (0.1, 0.2), (0.5, 0.5), (0.9, 0.75), (0.5, 1), (0, 0.85)]],
    "T": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "U": [[(0, 0), (0, 0.75), (0.5, 1), (1, 0.75), (1, 0)]],
    "V": [[(0, 0), (0.5, 1), (1, 0)]],
    "W": [[(0, 0), (0.25, 1), (0.5, 0.4), (0.75, 1), (1, 0)]],
    "X": [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "Y": [[(0, 0), (0.5, 0.5), (1, 0)], [(0.5, 0.5), (0.5, 1)]],
    "Z": [[(0, 0), (1, 0), (0, 1), (1, 1)]],
}

DIGITS: dict[str, list[Stroke]] = {
    "0": [CLOSED],
    "1": [[(0.2, 0.25), (0.5, 0), (0.5, 1)]],
    "2": [[(0, 0.2), (0.5, 0), (1, 0.3), (0, 1), (1, 1)]],
    "3": [[(0, 0.1), (0.6, 0), (0.9, 0.25), (0.4, 0.5), (1, 0.75), (0.5, 1), (0, 0.9)]],
    "4": [[(0.7, 1), (0.7, 0), (0, 0.65), (1, 0.65)]],
    "5": [[(1, 0), (0.1, 0), (0.1, 0.45), (0.7, 0.4), (1, 0.7), (0.6, 1), (0, 0.9)]],
    "6": [[(0.8, 0), (0.2, 0.4), (0, 0.75), (0.5, 1), (1, 0.75), (0.5, 0.5), (0.1, 0.65)]],
    "7": [[(0, 0), (1, 0), (0.4, 1)]],
    "8": [[(0.5, 0), (0.1, 0.25), (0.9, 0.75), (0.5, 1), (0.1, 0.75), (0.9, 0.25), (0.5, 0)]],
    "9": [[(0.9, 0.35), (0.5, 0.5), (0.1, 0.25), (0.5, 0), (0.9, 0.25), (0.8, 1)]],
}


def draw(strokes: list[Stroke], rng: random.Random) -> Tensor:
    """One picture of a character, (28, 28) uint8, as an unsteady hand would write it."""
    picture = Image.new("L", (SIZE * SCALE, SIZE * SCALE))
    pen = ImageDraw.Draw(picture)
    width, height = rng.uniform(11, 16), rng.uniform(15, 19)
    left, top = (SIZE - width) / 2 + rng.uniform(-2, 2), (SIZE - height) / 2 + rng.uniform(-2, 2)
    slant, thickness = rng.uniform(-0.2, 0.2), rng.uniform(1.8, 3)
    for stroke in strokes:
        points = [
            (
                (left + (x + slant * (0.5 - y) + rng.gauss(0, 0.025)) * width) * SCALE,
                (top + (y + rng.gauss(0, 0.025)) * height) * SCALE,
            )
            for x, y in stroke
        ]
        pen.line(points, fill=255, width=round(thickness * SCALE), joint="curve")
    small = picture.resize((SIZE, SIZE), Image.Resampling.BOX)
    return torch.frombuffer(bytearray(small.tobytes()), dtype=torch.uint8).reshape(SIZE, SIZE)


def pictures(
    alphabet: dict[str, list[Stroke]], first_label: int, each: int, rng: random.Random
) -> tuple[Tensor, Tensor]:
    """`each` pictures of every character, and their labels from `first_label` on."""
    images = [draw(strokes, rng) for strokes in alphabet.values() for _ in range(each)]
    labels = torch.arange(len(alphabet)).repeat_interleave(each) + first_label
    return torch.stack(images), labels


class Net(nn.Module):
    """The network of the chapter, letter for letter."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.conv3 = nn.Conv2d(16, 32, 3, padding=1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(7 * 7 * 32, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of shape (n, 10) for pictures of shape (n, 1, 28, 28)."""
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = F.relu(self.conv3(x))
        return self.fc(self.dropout(x.view(-1, 7 * 7 * 32)))


def main() -> None:
    """Writes both files and prints how well the network reads digits it has not seen."""
    rng = random.Random(314)
    torch.manual_seed(314)
    DATA.mkdir(exist_ok=True)
    train_images, train_labels = pictures(LETTERS, 1, 12, rng)
    test_images, test_labels = pictures(LETTERS, 1, 5, rng)
    torch.save(
        {
            "train_images": train_images,
            "train_labels": train_labels,
            "test_images": test_images,
            "test_labels": test_labels,
        },
        DATA / "letters.pt",
    )

    images, labels = pictures(DIGITS, 0, 200, rng)
    unseen, truth = pictures(DIGITS, 0, 50, rng)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(6):
        for batch in torch.randperm(len(images)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(net(images[batch].unsqueeze(1) / 255), labels[batch]).backward()
            optimizer.step()
    net.eval()
    accuracy = (net(unseen.unsqueeze(1) / 255).argmax(1) == truth).double().mean().item()
    torch.save(net.state_dict(), DATA / "my_net.pth")
    print(f"digits not seen in training: {accuracy:.0%} right")


if __name__ == "__main__":
    main()
