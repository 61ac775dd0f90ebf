"""The convolutions of `g2d bench layers` in PyTorch: forward and both gradients, each alone.

Reads the JSON that `g2d bench layers --json FILE` wrote, repeats its shapes, and prints both.
"""

import argparse
import json
import re
import statistics
import time

import torch
import torch.nn.functional as F


def show(name, both):
    """Best times of both, their ratio, and the ratio of the processor time."""
    ours, theirs, our_work, their_work = both
    print(
        f"{name:<40} ours {ours:8.1f} ms  PyTorch {theirs:8.1f} ms  ratio {ours / theirs:5.2f}"
        f"  processor {our_work:8.1f} and {their_work:8.1f} ms, ratio {our_work / their_work:5.2f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ours", help="the JSON of `g2d bench layers`")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows = json.load(open(args.ours))["rows"]
    form = re.compile(r"layer/(\d+)->(\d+) k(\d+) s(\d+) at (\d+) (.*)")

    def settle():
        if args.device != "cpu":
            torch.cuda.synchronize()

    totals = {}
    for row in rows:
        match = form.fullmatch(row["name"])
        if not match:
            continue
        cin, cout, kernel, stride, side = map(int, match.groups()[:5])
        what, batch = match.group(6), row["images"]
        x = torch.randn(batch, cin, side, side, device=args.device)
        w = torch.randn(cout, cin, kernel, kernel, device=args.device)
        x.requires_grad_(what == "to input")
        w.requires_grad_(what == "to weights")
        times, work = [], []
        for _ in range(args.repeats + 1):
            settle()
            before = time.process_time()
            began = time.perf_counter()
            y = F.conv2d(x, w, stride=stride, padding=kernel // 2)
            settle()
            if what != "forward":
                g = torch.randn_like(y)
                settle()
                before = time.process_time()
                began = time.perf_counter()
                y.backward(g)
                settle()
            times.append((time.perf_counter() - began) * 1e3)
            work.append((time.process_time() - before) * 1e3)
        both = (
            row["milliseconds"]["best"],
            min(times[1:]),
            1e3 * (row.get("processor_seconds") or 0.0),
            statistics.median(work[1:]),
        )
        totals[what] = [a + b for a, b in zip(totals.get(what, [0.0] * 4), both)]
        show(row["name"], both)
    for what, both in totals.items():
        show(f"all, {what}", both)


if __name__ == "__main__":
    main()
