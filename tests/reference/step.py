"""The training step of `g2d bench step` in PyTorch: forward, backward, clipping, AdamW.

Takes the shapes from the JSON that `g2d bench --describe` prints, so that both do the same work;
texts are random numbers of the same lengths. Images are random and made beforehand, so that
nothing here waits for data but the copy to the device. Prints one JSON object.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time

import torch
from losses import contrastive, local_alignment, pixel_alignment, pseudo_mask
from model import G2d
from torch import nn


def quartiles(values):
    q = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"median": q[1], "q1": q[0], "q3": q[2], "best": min(values), "n": len(values)}


def tokens(lengths, vocabulary, generator):
    ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    mask = torch.zeros(len(lengths), max(lengths))
    for row, n in enumerate(lengths):
        ids[row, :n] = torch.randint(0, vocabulary, (n,), generator=generator)
        mask[row, :n] = 1
    return ids, mask


def make_batch(told, shape, generator, device):
    model, size = told["model"], told["batch"]
    side = model["image"]["input_size"]
    images = torch.randn(size, 3, side, side, generator=generator)
    y, x = torch.meshgrid(*[torch.arange(side) / side] * 2, indexing="ij")
    body = ((x - 0.5) / 0.41) ** 2 + ((y - 0.55) / 0.53) ** 2 < 1
    groups = [tokens(shape["report_lengths"], model["text"]["vocab_size"], generator)]
    if shape["sentence_lengths"] and told["loss"]["local"] > 0:
        groups.append(tokens(shape["sentence_lengths"], model["text"]["vocab_size"], generator))
    long = lambda values: torch.tensor(values, dtype=torch.long)
    batch = {
        "images": images,
        "bodies": body.repeat(size, 1, 1),
        "groups": groups,
        "report_of": long(shape["report_of"]),
        "sentence": long(shape["pairs"]["sentence"]),
        "image": long(shape["pairs"]["image"]),
    }
    return pinned(batch) if device.type == "cuda" else batch


def pinned(value):
    if isinstance(value, dict):
        return {k: pinned(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [pinned(v) for v in value]
    return value.pin_memory()


def moved(value, device):
    if isinstance(value, dict):
        return {k: moved(v, device) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [moved(v, device) for v in value]
    return value.to(device, non_blocking=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", help="the JSON of `g2d bench --describe`, or - for standard input")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--float", choices=["f32", "bf16"], default="f32", help="bf16: autocast")
    parser.add_argument("--tf32", action="store_true", help="let matrix units round f32 to tf32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--warmup", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=8)
    args = parser.parse_args()
    with sys.stdin if args.shapes == "-" else open(args.shapes) as file:
        told = json.load(file)
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.backends.cuda.matmul.allow_tf32 = args.tf32
    torch.backends.cudnn.allow_tf32 = args.tf32
    torch.backends.cudnn.benchmark = True
    device = torch.device(args.device)
    cuda = device.type == "cuda"
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)

    model = G2d(told["model"], told["loss"]["masked_text_norm"]).to(device).train()
    parameters = sum(p.numel() for p in model.parameters())
    if parameters != told["parameters"]["total"]:
        sys.exit(f"{parameters} parameters here, {told['parameters']['total']} in g2d")
    if args.channels_last:
        model = model.to(memory_format=torch.channels_last)
    run = torch.compile(model) if args.compile else model
    trained = [p for p in model.parameters() if p.requires_grad]
    optim, loss = told["optim"], told["loss"]
    decay = [p for p in trained if p.dim() > 1]
    plain = [p for p in trained if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": decay, "weight_decay": optim["weight_decay"]},
            {"params": plain, "weight_decay": 0.0},
        ],
        lr=optim["lr"] / 100,
        betas=(optim["beta1"], optim["beta2"]),
        fused=cuda or None,
    )
    batches = [make_batch(told, shape, generator, device) for shape in told["batches"]]
    temperature = told["model"]["temperature"]

    def autocast():
        if args.float == "bf16":
            return torch.autocast(device.type, torch.bfloat16)
        return contextlib.nullcontext()

    def settle():
        if cuda:
            torch.cuda.synchronize()

    def step(number, parts=None):
        def mark(name, since):
            if parts is not None:
                settle()
                parts.setdefault(name, []).append((time.perf_counter() - since) * 1e3)
            return time.perf_counter()

        began = time.perf_counter()
        batch = moved(batches[number % len(batches)], device)
        if args.channels_last:
            batch["images"] = batch["images"].contiguous(memory_format=torch.channels_last)
        optimizer.zero_grad(set_to_none=True)
        with autocast():
            pooled, attention, texts, dense, logits = run(batch["images"], batch["groups"])
        groups = batch["report_of"] if loss["mask_duplicates"] else None
        total = loss["alignment"] * contrastive(
            pooled, texts[0][batch["report_of"]], temperature, groups
        )
        if dense is not None and len(texts) > 1:
            total = total + loss["local"] * local_alignment(
                dense, texts[1], batch["sentence"], batch["image"], temperature
            )
        target = pseudo_mask(attention, batch["bodies"], told["model"]["pseudo_mask"])
        total = total + loss["pixel"] * pixel_alignment(logits, target)
        at = mark("forward", began)
        total.backward()
        at = mark("backward", at)
        if optim["clip_norm"] > 0:
            nn.utils.clip_grad_norm_(trained, optim["clip_norm"])
        optimizer.step()
        # `g2d` reads the loss of every step, too.
        value = total.item()
        settle()
        mark("optimizer", at)
        if value != value:
            sys.exit("the loss is not a number")
        return (time.perf_counter() - began) * 1e3

    for i in range(max(args.warmup, len(batches))):
        step(i)
    times, worked = [], []
    for i in range(args.repeats):
        before = time.process_time()
        times.append(step(i))
        worked.append(time.process_time() - before)
    parts = {}
    for i in range(len(batches)):
        step(i, parts)
    whole = quartiles(times)
    json.dump(
        {
            "what": "step",
            "by": "PyTorch",
            "preset": told["model"]["preset"],
            "input_size": told["model"]["image"]["input_size"],
            "batch": told["batch"],
            "parameters": parameters,
            "float": args.float + (" autocast" if args.float == "bf16" else ""),
            "tf32": args.tf32,
            "compile": args.compile,
            "channels_last": args.channels_last,
            "milliseconds": whole,
            "images_per_second": 1e3 * told["batch"] / whole["median"],
            "best_images_per_second": 1e3 * told["batch"] / whole["best"],
            "processor_seconds": statistics.median(worked),
            "part_milliseconds": {k: statistics.median(v) for k, v in parts.items()},
            "peak_device_bytes": torch.cuda.max_memory_allocated() if cuda else None,
            "peak_device_reserved_bytes": torch.cuda.max_memory_reserved() if cuda else None,
            "threads": torch.get_num_threads(),
            "device": torch.cuda.get_device_name(device) if cuda else "cpu",
            "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
        },
        sys.stdout,
    )
    print()


if __name__ == "__main__":
    main()
