"""The pseudo mask of a batch with numpy and OpenCV: the same steps as `g2d bench pseudo-mask`.

Mean over the heads, upsampling, quantile of the scores inside the body (which is given), strictly
above it and inside the body, smoothing of the edges. Prints one JSON object.

Two ways to do the default smoothing (a bilateral filter of a mask of zeros and ones, space sigma
side / 64, range sigma 1, radius three space sigmas, border reflected about the edge pixel):

- `closed`: the closed form that our code uses, with OpenCV's separable Gaussian blur. The window
  is a square, as ours; the results are ours to rounding. This is the harder opponent.
- `bilateral`: `cv2.bilateralFilter`, as a reader of the paper would write it. Its window is a
  disc, so that its results differ a little from ours at corners.

Both are tried as one loop with OpenCV's own threads and as a pool of threads over the images
(OpenCV and numpy let go of Python's lock); the faster one counts.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np


def inputs(batch, heads, grid, side, seed):
    """Attention as a trained pool gives it (a few places above the others), and one body."""
    rng = np.random.default_rng(seed)
    attention = rng.random((batch, heads, grid, grid), dtype=np.float32) ** 3 / grid**2
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    body = ((x - 0.5) / 0.41) ** 2 + ((y - 0.55) / 0.53) ** 2 < 1
    return attention, np.repeat(body[None], batch, 0)


class Chain:
    """The steps for one image, with the time that each took."""

    def __init__(self, smoothing, upsample, quantile, side):
        self.smoothing, self.quantile, self.side = smoothing, quantile, side
        self.interpolation = cv2.INTER_NEAREST if upsample == "nearest" else cv2.INTER_LINEAR
        self.sigma = side / 64
        self.radius = math.ceil(3 * self.sigma)
        self.window = 2 * self.radius + 1
        self.far = np.float32(math.exp(-0.5))
        self.kernel = cv2.getGaussianKernel(self.window, self.sigma, cv2.CV_32F)

    def smooth(self, mask):
        m = mask.astype(np.float32)
        if self.smoothing == "none":
            return m
        if self.smoothing == "bilateral":
            # Diameter, range sigma, space sigma.
            return cv2.bilateralFilter(
                m, self.window, 1.0, self.sigma, borderType=cv2.BORDER_REFLECT_101
            )
        g = cv2.sepFilter2D(
            m, cv2.CV_32F, self.kernel, self.kernel, borderType=cv2.BORDER_REFLECT_101
        )
        if self.smoothing == "gaussian":
            return g
        wg = self.far * g
        return np.where(mask, g / (g + (self.far - wg)), wg / ((1 - g) + wg))

    def one(self, attention, body, times=None):
        t0 = time.perf_counter()
        mean = attention.mean(axis=0)
        up = cv2.resize(mean, (self.side, self.side), interpolation=self.interpolation)
        t1 = time.perf_counter()
        level = np.quantile(up[body], self.quantile)
        t2 = time.perf_counter()
        mask = (up > level) & body
        t3 = time.perf_counter()
        target = self.smooth(mask)
        t4 = time.perf_counter()
        if times is not None:
            for name, value in zip(
                ("upsample", "threshold", "binary", "smooth"),
                (t1 - t0, t2 - t1, t3 - t2, t4 - t3),
            ):
                times[name] = times.get(name, 0.0) + value * 1e3
        return target


def quartiles(values):
    q = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": q[1], "q1": q[0], "q3": q[2], "best": min(values)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--grid", type=int, default=8)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--quantile", type=float, default=0.85)
    parser.add_argument("--upsample", choices=["bilinear", "nearest"], default="bilinear")
    parser.add_argument(
        "--smoothing", choices=["closed", "bilateral", "gaussian", "none"], default="closed"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--targets", help="write the targets of these inputs here (.npz), for a comparison"
    )
    args = parser.parse_args()

    attention, body = inputs(args.batch, args.heads, args.grid, args.side, args.seed)
    chain = Chain(args.smoothing, args.upsample, args.quantile, args.side)
    pool = ThreadPoolExecutor(args.threads)

    def loop():
        return np.stack([chain.one(a, b) for a, b in zip(attention, body)])

    def pooled():
        return np.stack(list(pool.map(chain.one, attention, body)))

    def timed(run, cv_threads):
        cv2.setNumThreads(cv_threads)
        run()
        values, before = [], time.process_time()
        for _ in range(args.repeats):
            began = time.perf_counter()
            run()
            values.append((time.perf_counter() - began) * 1e3)
        worked = (time.process_time() - before) / args.repeats
        return {**quartiles(values), "processor_seconds": worked}

    ways = {"loop": timed(loop, args.threads), "pool": timed(pooled, 1)}
    # By the best time: on a busy machine the medians of the two follow what else runs.
    best = min(ways, key=lambda way: ways[way]["best"])
    cv2.setNumThreads(1)
    stages = {}
    for a, b in zip(attention, body):
        chain.one(a, b, stages)
    if args.targets:
        np.savez(args.targets, attention=attention, body=body, target=loop())
    json.dump(
        {
            "what": "pseudo-mask",
            "by": "numpy + OpenCV",
            "batch": args.batch,
            "side": args.side,
            "attention": [args.heads, args.grid, args.grid],
            "smoothing": args.smoothing,
            "upsample": args.upsample,
            "threads": args.threads,
            "best_way": best,
            "milliseconds": ways[best],
            "images_per_second": 1e3 * args.batch / ways[best]["median"],
            "best_images_per_second": 1e3 * args.batch / ways[best]["best"],
            "processor_seconds": ways[best]["processor_seconds"],
            "ways": ways,
            "one_thread_stage_milliseconds": stages,
            "body_share": float(body[0].mean()),
            "versions": {
                "python": sys.version.split()[0],
                "numpy": np.__version__,
                "opencv": cv2.__version__,
            },
        },
        sys.stdout,
    )
    print()


if __name__ == "__main__":
    main()
