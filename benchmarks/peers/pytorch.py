"""PyTorch: tensors in memory, an order drawn anew for each epoch, batches taken by index."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import nn

from ..gate import Gate, Job
from ..works import BYTES, WORDS, Net

EPSILON: Final = 1e-7
"""Keras's default for Adam; PyTorch's own is 1e-8."""
LAYOUTS: Final = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def cifar100(net: Net) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 6 * 6, 256),
        nn.ReLU(),
        nn.Linear(256, net.classes),
    )


def mnist(net: Net) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * 24 * 24, 128),
        nn.ReLU(),
        nn.Linear(128, net.classes),
    )


def mlp(net: Net) -> nn.Module:
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, net.classes))


class Reader(nn.Module):  # type: ignore[misc]
    """Words, one after another, through an LSTM, whose last state tells the class."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 32)
        self.lstm = nn.LSTM(32, 32, batch_first=True)
        self.head = nn.Linear(32, net.classes)
        # PyTorch adds two biases where Keras has one; the second stays zero.
        nn.init.zeros_(self.lstm.bias_hh_l0)
        self.lstm.bias_hh_l0.requires_grad_(False)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        outputs, _ = self.lstm(self.embedding(words))
        found: torch.Tensor = self.head(outputs[:, -1])
        return found


def normalized(inputs: int, filters: int, size: int = 1, stride: int = 1) -> nn.Sequential:
    """Convolve and normalize, with the constants that Keras has."""
    return nn.Sequential(
        nn.Conv2d(inputs, filters, size, stride, padding=size // 2),
        nn.BatchNorm2d(filters, eps=1.001e-5, momentum=0.01),
    )


class Bottleneck(nn.Module):  # type: ignore[misc]
    """Three convolutions, and a way around them."""

    def __init__(self, inputs: int, filters: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * filters
        self.through = nn.Sequential(
            normalized(inputs, filters, stride=stride),
            nn.ReLU(),
            normalized(filters, filters, 3),
            nn.ReLU(),
            normalized(filters, outputs),
        )
        same = inputs == outputs and stride == 1
        self.around = nn.Identity() if same else normalized(inputs, outputs, stride=stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = torch.relu(self.around(x) + self.through(x))
        return found


def resnet50(net: Net) -> nn.Module:
    parts: list[nn.Module] = [normalized(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)]
    inputs = 64
    for filters, depth, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(depth):
            parts.append(Bottleneck(inputs, filters, stride if block == 0 else 1))
            inputs = 4 * filters
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, net.classes)]
    return nn.Sequential(*parts, *head)


NETS: Final[Mapping[str, Callable[[Net], nn.Module]]] = {
    "cifar100": cifar100,
    "mnist": mnist,
    "mlp": mlp,
    "lstm": Reader,
    "resnet50": resnet50,
}


def tensors(job: Job, layout: torch.memory_format) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the examples as the nets take them: scaled once, pictures with their channels in front."""
    x, y = torch.from_numpy(job.examples.x), torch.from_numpy(job.examples.y)
    if job.work.net.words:
        return x, y
    x = x.float() / BYTES
    if job.work.net.pictures:
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=layout)
    return x, y


def train(job: Job, gate: Gate) -> None:
    variant, *threads = job.variant
    torch.set_num_threads(int(threads[0]) if threads else len(os.sched_getaffinity(0)))
    layout = LAYOUTS[variant]
    net = NETS[job.work.net.name](job.work.net)
    if job.work.net.pictures:
        net = net.to(memory_format=layout)
    x, y = tensors(job, layout)
    trained = [weight for weight in net.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(trained, eps=EPSILON)
    loss_of = nn.CrossEntropyLoss()
    batch = job.work.batch
    net.train()
    gate.built(sum(weight.numel() for weight in trained))
    for _ in range(job.rounds):
        order = torch.randperm(len(x))
        total, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for start in range(0, len(x), batch):
            chosen = order[start : start + batch]
            some, labels = x[chosen], y[chosen]
            optimizer.zero_grad()
            predicted = net(some)
            loss = loss_of(predicted, labels)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(chosen)
            right += (predicted.argmax(1) == labels).sum()
        float(right / len(x))
        gate.turn(float(total / len(x)))
