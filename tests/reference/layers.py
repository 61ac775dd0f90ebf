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
        times = []
        for _ in range(args.repeats + 1):
            settle()
            began = time.perf_counter()
            y = F.conv2d(x, w, stride=stride, padding=kernel // 2)
            settle()
            if what != "forward":
                g = torch.randn_like(y)
                settle()
                began = time.perf_counter()
                y.backward(g)
                settle()
            times.append((time.perf_counter() - began) * 1e3)
        theirs, ours = statistics.median(times[1:]), row["milliseconds"]["median"]
        a, b = totals.get(what, (0.0, 0.0))
        totals[what] = (a + ours, b + theirs)
        print(f"{row['name']:<44} ours {ours:9.1f} ms  PyTorch {theirs:9.1f} ms  {ours / theirs:6.2f}")
    for what, (ours, theirs) in totals.items():
        print(f"all, {what:<39} ours {ours:9.1f} ms  PyTorch {theirs:9.1f} ms  {ours / theirs:6.2f}")


if __name__ == "__main__":
    main()
