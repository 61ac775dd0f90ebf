"""Losses and pseudo mask of a training step in PyTorch, on the device, without a round trip."""

import math

import torch
import torch.nn.functional as F

MASKED = -1e9


def contrastive(images, texts, temperature, groups):
    logits = F.normalize(images.float()) @ F.normalize(texts.float()).T / temperature
    if groups is not None:
        same = (groups[:, None] == groups[None]) & ~torch.eye(
            len(groups), dtype=torch.bool, device=logits.device
        )
        logits = logits + same * MASKED
    target = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def local_alignment(dense, sentences, pair_sentence, pair_image, temperature):
    dense = F.normalize(dense.float(), dim=1)
    b, d = dense.shape[:2]
    places = dense.flatten(2).permute(1, 0, 2).reshape(d, -1)
    cosine = (F.normalize(sentences.float()) @ places).view(len(sentences), b, -1)
    scores = (cosine / temperature).logsumexp(2)[pair_sentence]
    owned = torch.zeros(len(sentences), b, dtype=torch.bool, device=dense.device)
    owned[pair_sentence, pair_image] = True
    others = owned[pair_sentence].clone()
    others[torch.arange(len(pair_image), device=dense.device), pair_image] = False
    return F.cross_entropy(scores + others * MASKED, pair_image)


@torch.no_grad()
def pseudo_mask(attention, bodies, config):
    """The default chain of `g2d` for a batch; `bodies` is [batch, side, side] of bool."""
    side = bodies.shape[-1]
    mean = attention.float().mean(1, keepdim=True)
    mode = config["upsample"]
    extra = {} if mode == "nearest" else {"align_corners": False}
    up = F.interpolate(mean, size=(side, side), mode=mode, **extra)[:, 0]
    inside = torch.where(bodies, up, torch.nan).flatten(1)
    # torch.nanquantile refuses more than 16 million numbers in one call; a row is one image.
    levels = [row.nanquantile(config["quantile"]) for row in inside]
    mask = (up > torch.stack(levels)[:, None, None]) & bodies
    m = mask.float()
    sigma = config["sigma_space"] or side / 64
    radius = math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1, device=m.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = (kernel / kernel.sum())[None, None]
    padded = F.pad(m[:, None], [radius] * 4, mode="reflect")
    g = F.conv2d(F.conv2d(padded, kernel[:, :, None]), kernel[..., None])[:, 0]
    w = math.exp(-0.5 / config["sigma_range"] ** 2)
    return torch.where(mask, g / (g + w * (1 - g)), w * g / ((1 - g) + w * g))


def pixel_alignment(logits, target):
    logits, target = logits.float().flatten(1), target.flatten(1)
    p = logits.sigmoid()
    dice = (2 * (p * target).sum(1) + 1e-5) / (p.sum(1) + target.sum(1) + 1e-5)
    return (1 - dice.mean() + F.binary_cross_entropy_with_logits(logits, target)) / 2
