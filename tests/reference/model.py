"""The model of `g2d` in PyTorch, from the configuration that `g2d bench --describe` prints.

Written for a comparison of speed: the same layers, shapes and parameter counts, with what PyTorch
does fastest where there is a choice (fused attention, its own batch norms). Random weights.
"""

import torch
import torch.nn.functional as F
from torch import nn


def conv(cin, cout, kernel, stride=1, bias=False):
    return nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=bias)


class Block(nn.Module):
    """A basic block, or a bottleneck with the stride on its 3x3."""

    def __init__(self, bottleneck, cin, width, stride):
        super().__init__()
        cout = width * 4 if bottleneck else width
        shapes = (
            [(cin, width, 1, 1), (width, width, 3, stride), (width, cout, 1, 1)]
            if bottleneck
            else [(cin, width, 3, stride), (width, width, 3, 1)]
        )
        self.convs = nn.ModuleList(conv(*shape) for shape in shapes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(shape[1]) for shape in shapes)
        self.short = None
        if stride != 1 or cin != cout:
            self.short = nn.Sequential(conv(cin, cout, 1, stride), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = x
        for i, (c, n) in enumerate(zip(self.convs, self.norms)):
            y = n(c(y))
            if i + 1 < len(self.convs):
                y = F.relu(y, inplace=True)
        return F.relu(y + (x if self.short is None else self.short(x)), inplace=True)


class ResNet(nn.Module):
    def __init__(self, depth, width):
        super().__init__()
        bottleneck = depth >= 50
        blocks = [2, 2, 2, 2] if depth == 18 else [3, 4, 6, 3]
        self.stem = nn.Sequential(conv(3, width, 7, 2), nn.BatchNorm2d(width), nn.ReLU(True))
        self.pool = nn.MaxPool2d(3, 2, 1)
        stages, cin = [], width
        for i, count in enumerate(blocks):
            stage = []
            for b in range(count):
                stage.append(Block(bottleneck, cin, width << i, 2 if i and not b else 1))
                cin = (width << i) * (4 if bottleneck else 1)
            stages.append(nn.Sequential(*stage))
        self.stages = nn.ModuleList(stages)
        e = 4 if bottleneck else 1
        self.channels = [3, width, width * e, 2 * width * e, 4 * width * e, 8 * width * e]

    def forward(self, x):
        maps = [x, self.stem(x)]
        y = self.pool(maps[1])
        for stage in self.stages:
            y = stage(y)
            maps.append(y)
        return maps


class Decoder(nn.Module):
    def __init__(self, encoder, widths):
        super().__init__()
        self.blocks, cin = nn.ModuleList(), encoder[5]
        for i, cout in enumerate(widths):
            skip = encoder[4 - i] if i < 4 else 0
            layers = []
            for a, b in ((cin + skip, cout), (cout, cout)):
                layers += [conv(a, b, 3), nn.BatchNorm2d(b), nn.ReLU(True)]
            self.blocks.append(nn.Sequential(*layers))
            cin = cout
        self.head = conv(widths[-1], 1, 3, bias=True)

    def forward(self, maps):
        x = maps[5]
        for i, block in enumerate(self.blocks):
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            if i < 4:
                x = torch.cat([x, maps[4 - i]], 1)
            x = block(x)
        return self.head(x)


class Projector(nn.Sequential):
    def __init__(self, cin, cout):
        super().__init__(
            conv(cin, cout, 1), nn.BatchNorm2d(cout, affine=False), nn.ReLU(True), conv(cout, cout, 1)
        )


class AttentionPool(nn.Module):
    def __init__(self, d, heads, head_dim, grid):
        super().__init__()
        self.heads, inner = heads, heads * head_dim
        self.positions = nn.Parameter(torch.randn(grid * grid + 1, d) / d**0.5)
        self.q, self.k, self.v = (nn.Linear(d, inner) for _ in range(3))
        self.out = nn.Linear(inner, d)

    def forward(self, x):
        b, _, h, w = x.shape
        places = x.flatten(2).transpose(1, 2)
        tokens = torch.cat([places.mean(1, keepdim=True), places], 1) + self.positions
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q, k, v = split(self.q(tokens[:, :1])), split(self.k(tokens)), split(self.v(tokens))
        weights = (q @ k.transpose(2, 3) / q.shape[-1] ** 0.5).softmax(-1)
        pooled = self.out((weights @ v).transpose(1, 2).flatten(2))[:, 0]
        return pooled, weights[..., 1:].reshape(b, self.heads, h, w)


class BertLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, self.heads, self.p = c["hidden_size"], c["num_attention_heads"], c["dropout"]
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.up = nn.Linear(width, c["intermediate_size"])
        self.down = nn.Linear(c["intermediate_size"], width)
        self.norm1 = nn.LayerNorm(width, c["layer_norm_eps"])
        self.norm2 = nn.LayerNorm(width, c["layer_norm_eps"])
        self.drop = nn.Dropout(self.p)

    def forward(self, x, mask):
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        y = F.scaled_dot_product_attention(
            split(self.q(x)),
            split(self.k(x)),
            split(self.v(x)),
            attn_mask=mask,
            dropout_p=self.p if self.training else 0.0,
        )
        x = self.norm1(x + self.drop(self.o(y.transpose(1, 2).flatten(2))))
        return self.norm2(x + self.drop(self.down(F.gelu(self.up(x)))))


class Bert(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = c["hidden_size"]
        self.words = nn.Embedding(c["vocab_size"], width)
        self.positions = nn.Embedding(c["max_position_embeddings"], width)
        self.segments = nn.Embedding(c["type_vocab_size"], width)
        self.norm = nn.LayerNorm(width, c["layer_norm_eps"])
        self.drop = nn.Dropout(c["dropout"])
        self.layers = nn.ModuleList(BertLayer(c) for _ in range(c["num_hidden_layers"]))
        for layer in self.layers[: c["frozen_layers"]]:
            layer.requires_grad_(False)

    def forward(self, ids, mask):
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.segments.weight[0]
        x = self.drop(self.norm(x))
        allowed = mask[:, None, None, :].bool()
        for layer in self.layers:
            x = layer(x, allowed)
        return x


class TextProjector(nn.Module):
    """The statistics of the norm leave padding out when `masked`."""

    def __init__(self, width, d, masked):
        super().__init__()
        self.one, self.two = nn.Linear(width, d, bias=False), nn.Linear(d, d, bias=False)
        self.masked = masked

    def forward(self, groups):
        rows = torch.cat([self.one(x).flatten(0, 1) for x, _ in groups]).float()
        weights = torch.cat([m.flatten() for _, m in groups])[:, None].float()
        if not self.masked:
            weights = torch.ones_like(weights)
        count = weights.sum().clamp(min=1)
        mean = (rows * weights).sum(0) / count
        var = (((rows - mean) * weights) ** 2).sum(0) / count
        rows = F.relu((rows - mean) / (var + 1e-5).sqrt())
        out, start = [], 0
        for x, _ in groups:
            b, t = x.shape[:2]
            out.append(self.two(rows[start : start + b * t].view(b, t, -1)[:, 0]))
            start += b * t
        return out


class G2d(nn.Module):
    def __init__(self, model, masked_text_norm):
        super().__init__()
        d, heads = model["projection_dim"], model["attention"]["heads"]
        head_dim = model["attention"]["head_dim"] or d // heads
        self.encoder = ResNet(model["encoder"]["depth"], model["encoder"]["width"])
        channels = self.encoder.channels
        self.decoder = Decoder(channels, model["decoder_channels"])
        self.projector = Projector(channels[5], d)
        self.pool = AttentionPool(d, heads, head_dim, model["image"]["input_size"] // 32)
        self.bert = Bert(model["text"])
        self.text_projector = TextProjector(model["text"]["hidden_size"], d, masked_text_norm)
        self.stages = model["local"]["stages"] if model["local"] else []
        self.local = Projector(sum(channels[s] for s in self.stages), d) if self.stages else None

    def forward(self, images, groups):
        maps = self.encoder(images)
        pooled, attention = self.pool(self.projector(maps[5]))
        texts = self.text_projector([(self.bert(ids, mask), mask) for ids, mask in groups])
        dense = None
        if self.local is not None:
            size = maps[self.stages[0]].shape[2:]
            parts = [F.interpolate(maps[s], size=size, mode="nearest") for s in self.stages]
            dense = self.local(parts[0] if len(parts) == 1 else torch.cat(parts, 1))
        return pooled, attention, texts, dense, self.decoder(maps)
