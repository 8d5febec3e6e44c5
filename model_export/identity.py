"""Hold this Python's onnxruntime against the shared vectors: `python -m model_export.identity --threads 4`.

Needs only numpy, onnxruntime and rfc8785, so that the oldest supported onnxruntime can run it in an environment of
its own (requirements/ort-oldest.txt).
"""

from __future__ import annotations

import argparse
import json
import sys

import onnxruntime

from model_export import bundle, vectors, vectors_learner

SHOWN = 20


def replay(held: bundle.Bundle, threads: int) -> list[str]:
    """A line for each of the 1,000 cases, and of the learner's, that comes out otherwise than promised.

    Raises StaleVectors.
    """
    models = vectors.Models.load(held, threads)
    plans, learned = vectors.read(vectors.PLANS, held), vectors.read(vectors.LEARNER, held)
    return [
        *vectors.differences(models, held, plans),
        *vectors_learner.differences(models.learner, held.catalog, learned),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m model_export.identity", description=__doc__)
    parser.add_argument(
        "--threads", type=int, choices=range(1, 65), default=1, metavar="N", help="default: 1"
    )
    args = parser.parse_args()
    try:
        held = bundle.read()
        found = replay(held, args.threads)
    except (bundle.BundleInvalid, vectors.StaleVectors) as error:
        print(f"identity: {error}", file=sys.stderr)
        return 1
    result = {
        "engine": "python", "version": f"onnxruntime {onnxruntime.__version__}", "threads": args.threads,
        "cases": len(vectors.read(vectors.PLANS, held).cases), "differing": len(found), "different": found[:SHOWN],
    }  # fmt: skip
    print(json.dumps(result))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
