"""Pictures as the network takes them."""

import numpy as np
import torch
from numpy.typing import NDArray


def batch(pictures: NDArray[np.float32]) -> torch.Tensor:
    """Pictures as (number, channel, height, width), from -1 to 1."""
    return torch.from_numpy(pictures).unsqueeze(1) * 2 - 1


def shifted(pictures: torch.Tensor, farthest: int, chance: torch.Generator) -> torch.Tensor:
    """Each picture moved by up to ``farthest`` pixels either way; what comes in from the side is background."""
    height, width = pictures.shape[-2:]
    padded = torch.nn.functional.pad(pictures, (farthest,) * 4, value=-1.0)
    moves = torch.randint(0, 2 * farthest + 1, (len(pictures), 2), generator=chance).tolist()
    return torch.stack([each[:, y : y + height, x : x + width] for each, (y, x) in zip(padded, moves, strict=True)])
