#!/usr/bin/env python3
"""Ours and theirs, in turn, in one call: A B A B …, medians and ratios.

    python3 tests/reference/compare.py --g2d target/release/g2d --out comparison.json

Needs nothing but Python and the program; what a missing package would compare is measured for
ours alone, and the table says so. `--python` names an interpreter that has torch, numpy and
OpenCV, where this one has not.

| part | ours | theirs |
|---|---|---|
| mask | pseudo mask, 64 images at 256 px | numpy + OpenCV, the same closed form; and OpenCV's own bilateral filter |
| data | pipeline alone | - |
| cpu | training step of `small` | PyTorch, as it is and with channels last |
| cuda | `base`, 224 px, batch 128, f32 and bf16; gradients of convolutions | PyTorch, f32, tf32, bf16 autocast, compiled |

Every run is a process of its own. Ratios are images a second of ours over theirs: above 1, ours is
faster. On a machine that others use, look at the ratios of the best repeats and of processor time,
too.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


class DeviceMemory(threading.Thread):
    """The most memory that the card had in use, as nvidia-smi tells, while something ran."""

    def __init__(self):
        super().__init__(daemon=True)
        self.done, self.first, self.peak = threading.Event(), None, None

    def run(self):
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", "0"]
        while not self.done.wait(0.2):
            try:
                used = int(subprocess.run(query, capture_output=True, text=True).stdout.split()[0])
            except (OSError, ValueError, IndexError):
                return
            self.first = used if self.first is None else self.first
            self.peak = max(self.peak or 0, used)

    def finish(self):
        self.done.set()
        self.join()
        return None if self.peak is None else self.peak - self.first


class Bench:
    def __init__(self, args):
        self.args = args
        self.folder = tempfile.TemporaryDirectory()
        threads = str(args.threads)
        self.environment = {
            **os.environ,
            "RAYON_NUM_THREADS": threads,
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "PYTHONUNBUFFERED": "1",
        }
        self.failures = []

    def call(self, command, threads=True):
        shown = " ".join(map(str, command))
        print(f"  {shown}", file=sys.stderr, flush=True)
        environment = self.environment if threads else dict(os.environ)
        card = DeviceMemory() if "cuda" in shown else None
        if card:
            card.start()
        began = time.time()
        try:
            run = subprocess.run(
                list(map(str, command)),
                env=environment,
                capture_output=True,
                text=True,
                timeout=self.args.limit,
            )
            problem = None if run.returncode == 0 else (run.stderr or run.stdout).strip()[-600:]
        except subprocess.TimeoutExpired:
            run, problem = None, f"took more than {self.args.limit} s"
        memory = card.finish() if card else None
        if problem:
            print(f"    failed: {problem}", file=sys.stderr, flush=True)
            self.failures.append({"command": shown, "problem": problem})
            return None, None
        print(f"    {time.time() - began:.0f} s", file=sys.stderr, flush=True)
        return run.stdout, memory

    def ours(self, what, *options, threads=True):
        path = Path(self.folder.name) / "ours.json"
        path.unlink(missing_ok=True)
        _, memory = self.call(
            [self.args.g2d, "-q", "bench", what, *options, "--json", path], threads
        )
        if not path.exists():
            return None
        report = json.loads(path.read_text())
        report["card_mebibytes"] = memory
        return report

    def theirs(self, script, *options, threads=True):
        out, memory = self.call([self.args.python, HERE / script, *options], threads)
        if out is None:
            return None
        result = json.loads(out.strip().splitlines()[-1])
        result["card_mebibytes"] = memory
        return result

    def has(self, module):
        probe = [self.args.python, "-c", f"import {module}"]
        return subprocess.run(probe, capture_output=True).returncode == 0


def row_of(report, name):
    return next(row for row in report["rows"] if row["name"] == name)


def ours_of(row):
    """Median and best images a second and processor seconds of one row of ours."""

    def read(report):
        found = row_of(report, row)
        speed = found["images_per_second"]
        return speed["median"], speed["best"], found.get("processor_seconds")

    return read


def theirs_of(result):
    keys = ("images_per_second", "best_images_per_second", "processor_seconds")
    return tuple(result[key] for key in keys)


def summary(name, results, read):
    """Median over the rounds of the rounds' medians, their spread, and the best of all repeats."""
    results = [r for r in results if r]
    if not results:
        return None
    rates = sorted(read(r)[0] for r in results)
    seconds = [w for w in (read(r)[2] for r in results) if w is not None]
    return {
        "name": name,
        "images_per_second": statistics.median(rates),
        "best_images_per_second": max(read(r)[1] for r in results),
        "lowest": rates[0],
        "highest": rates[-1],
        "rounds": len(rates),
        "processor_seconds": statistics.median(seconds) if seconds else None,
        "results": results,
    }


def versus(part, ours, others, missing=None):
    """One part of the comparison with its ratios, printed."""
    told = {"part": part, "ours": ours, "theirs": [o for o in others if o], "missing": missing}
    print(f"\n{part}")
    for who in [ours, *others]:
        if who is None:
            continue
        worked = who["processor_seconds"]
        print(
            f"  {who['name']:<44} {who['images_per_second']:>10.2f} images/s"
            f"  ({who['lowest']:.2f} .. {who['highest']:.2f} in {who['rounds']} rounds,"
            f" best {who['best_images_per_second']:.2f})"
            + (f"  {worked:.4f} processor s" if worked else "")
        )
    for who in others:
        if ours and who:
            who["ratio"] = ours["images_per_second"] / who["images_per_second"]
            who["best_ratio"] = ours["best_images_per_second"] / who["best_images_per_second"]
            line = f"  ratio to {who['name']:<35} {who['ratio']:>10.2f} by the clock"
            line += f", {who['best_ratio']:.2f} best to best"
            if ours["processor_seconds"] and who["processor_seconds"]:
                who["processor_ratio"] = who["processor_seconds"] / ours["processor_seconds"]
                line += f", {who['processor_ratio']:.2f} by processor time"
            print(line)
    if missing:
        print(f"  {missing}")
    sys.stdout.flush()
    return told


def mask(bench):
    args = bench.args
    sizes = ["--batch", "64"]
    ours, closed, bilateral = [], [], []
    packages = bench.has("cv2") and bench.has("numpy")
    for number in range(args.rounds):
        options = [*sizes, "--mask-size", "256", "--repeats", "15", "--seconds", "1"]
        ours.append(bench.ours("pseudo-mask", *options, "--device", "cpu"))
        if packages:
            common = [*sizes, "--side", "256", "--threads", args.threads]
            closed.append(bench.theirs("pseudo_mask.py", *common, "--repeats", "25"))
            if number == 0:
                slow = ["--smoothing", "bilateral", "--repeats", "2"]
                bilateral.append(bench.theirs("pseudo_mask.py", *common, *slow))
    return versus(
        f"pseudo mask, 64 images at 256 px, {args.threads} threads",
        summary("g2d", ours, ours_of("pseudo-mask/batch")),
        [
            summary("numpy + OpenCV, closed form", closed, theirs_of),
            summary("numpy + OpenCV, cv2.bilateralFilter", bilateral, theirs_of),
        ],
        None if packages else "numpy and OpenCV are not here: ours alone",
    )


def data(bench):
    options = ["--config", bench.args.config, "--device", "cpu", "--repeats", "15", "--seconds", "2"]
    results = [bench.ours("data", *options) for _ in range(bench.args.rounds)]
    told = []
    for name in ("data/batch, not augmented", "data/batch, augmented"):
        ours = summary("g2d", results, ours_of(name))
        told.append(versus(f"{name}, {bench.args.threads} threads", ours, []))
    return told


def shapes(bench, config, batch, device, threads=True):
    """The shapes of a step, in a file that both sides read."""
    options = ["--config", config, "--batches", "2", "--device", device, "--describe"]
    if batch:
        options += ["--batch", batch]
    out, _ = bench.call([bench.args.g2d, "-q", "bench", *options], threads)
    path = Path(bench.folder.name) / f"{Path(config).stem}-{batch}.json"
    if out:
        path.write_text(out)
    return path


def cpu(bench):
    args = bench.args
    told = shapes(bench, args.config, args.batch, "cpu")
    torch = bench.has("torch")
    ours, plain, last = [], [], []
    for _ in range(args.rounds):
        options = ["--config", args.config, "--batch", args.batch, "--batches", "2", "--device", "cpu"]
        ours.append(bench.ours("step", *options, "--repeats", args.repeats, "--warmup", "2"))
        if torch:
            common = [told, "--threads", args.threads, "--repeats", args.repeats, "--warmup", "2"]
            plain.append(bench.theirs("step.py", *common))
            last.append(bench.theirs("step.py", *common, "--channels-last"))
    return versus(
        f"training step of {Path(args.config).stem} on the CPU, {args.threads} threads",
        summary("g2d (flex)", ours, ours_of("step/whole")),
        [
            summary("PyTorch", plain, theirs_of),
            summary("PyTorch, channels last", last, theirs_of),
        ],
        None if torch else "torch is not here: ours alone",
    )


def cuda(bench):
    args = bench.args
    built, _ = bench.call([args.g2d, "info", "--devices", "--json"], threads=False)
    devices = json.loads(built or "{}").get("devices") or []
    device = next((d["choice"] for d in devices if d["choice"].startswith("cuda")), None)
    # Without CUDA in the program, the card may still be reached through Vulkan.
    device = device or next(
        (d["choice"] for d in devices if d["choice"] == "wgpu" and d.get("hardware")), None
    )
    if device is None:
        print("\ncuda\n  no card answers, or this program was built without cuda", flush=True)
        return [{"part": "cuda", "missing": "no card, or built without cuda"}]
    told = [{"part": "conv", "report": bench.ours("conv", "--device", device, threads=False)}]
    for row in (told[0]["report"] or {"rows": []})["rows"]:
        print(f"  {row['name']}: difference {row['difference_from_cpu']:.1e}, right: {row['right']}")
    batch, size = args.cuda_batch, ["--config", "base", "--batch", args.cuda_batch]
    shape = shapes(bench, "base", batch, device, threads=False)
    torch = bench.has("torch")
    variants = [
        ("f32", [("PyTorch, f32", []), ("PyTorch, tf32", ["--tf32"])]),
        (
            "bf16",
            [
                ("PyTorch, bf16 autocast", ["--tf32"]),
                ("PyTorch, bf16 autocast, channels last", ["--tf32", "--channels-last"]),
                ("PyTorch, bf16 autocast, compiled", ["--tf32", "--compile"]),
            ],
        ),
    ]
    for number_format, opponents in variants:
        ours, theirs = [], [[] for _ in opponents]
        for number in range(args.cuda_rounds):
            options = [*size, "--batches", "2", "--device", device, "--float", number_format]
            options += ["--repeats", "12", "--warmup", "4"]
            ours.append(bench.ours("step", *options, threads=False))
            for results, (_, extra) in zip(theirs, opponents):
                # Compiling takes minutes; once is enough.
                if torch and not ("--compile" in extra and number > 0):
                    common = [shape, "--device", "cuda", "--float", number_format, *extra]
                    results.append(
                        bench.theirs("step.py", *common, "--repeats", "20", threads=False)
                    )
        names = [name for name, _ in opponents]
        part = versus(
            f"training step of base, 224 px, batch {batch}, {number_format} on {device}",
            summary(f"g2d ({number_format} throughout)", ours, ours_of("step/whole")),
            [summary(name, results, theirs_of) for name, results in zip(names, theirs)],
            None if torch else "torch is not here: ours alone",
        )
        for report in filter(None, ours[:1]):
            share = row_of(report, "step/whole")["data_share"]
            print(f"  ours: {report['card_mebibytes']} MiB of the card, data {share:.1%} of the time")
        for name, results in zip(names, theirs):
            for result in filter(None, results[:1]):
                print(f"  {name}: {result['card_mebibytes']} MiB of the card")
        told.append(part)
    return told


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--g2d", default="target/release/g2d", help="the program")
    parser.add_argument("--python", default=sys.executable, help="an interpreter with torch")
    parser.add_argument("--parts", default="mask,data,cpu,cuda")
    parser.add_argument("--config", default="small", help="configuration of the data and CPU parts")
    parser.add_argument("--batch", type=int, default=16, help="studies in a step of the CPU part")
    parser.add_argument("--threads", type=int, default=2, help="threads of the CPU parts")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--repeats", type=int, default=4, help="steps a turn on the CPU")
    parser.add_argument("--cuda-rounds", type=int, default=2)
    parser.add_argument("--cuda-batch", type=int, default=128)
    parser.add_argument("--limit", type=int, default=600, help="seconds that one process may take")
    parser.add_argument("--out", type=Path, help="write everything as JSON")
    args = parser.parse_args()
    if not shutil.which(args.g2d):
        parser.error(f"{args.g2d} is not a program; name it with --g2d")
    bench = Bench(args)
    parts = {"mask": mask, "data": data, "cpu": cpu, "cuda": cuda}
    told = []
    for name in args.parts.split(","):
        if name not in parts:
            parser.error(f"there is no part {name!r}; use {', '.join(parts)}")
        result = parts[name](bench)
        told += result if isinstance(result, list) else [result]
        if args.out:
            # After every part: a machine that goes away leaves what was measured.
            whole = {"schema": "g2d-compare-v1", "parts": told, "failures": bench.failures}
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(json.dumps(whole, indent=1) + "\n")
    for failure in bench.failures:
        print(f"failed: {failure['command']}\n  {failure['problem']}")


if __name__ == "__main__":
    main()
