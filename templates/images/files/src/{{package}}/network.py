"""The network."""

import torch
from torch import nn


class Network(nn.Module):
    """Two layers of convolutions, each halving the picture, and one layer that decides."""

    def __init__(self, height: int, width: int, classes: int) -> None:
        super().__init__()
        self.shape = {"height": height, "width": width, "classes": classes}
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(32 * (height // 4) * (width // 4), classes),
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.layers(pictures)
        return scores
