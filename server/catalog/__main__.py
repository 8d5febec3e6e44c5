"""`python -m server.catalog [TYPE…]`: what is wrong with the content files, and which exercises lack words."""

import argparse
import sys

from server.catalog.content import read_seed, validate


def main(arguments: list[str] | None = None) -> int:
    """Print each mistake and gap on a line; returns the exit status, 1 when there is any."""
    parser = argparse.ArgumentParser(prog="python -m server.catalog", description=__doc__)
    parser.add_argument("types", nargs="*", metavar="TYPE", help="only exercises of these types")
    types = set(parser.parse_args(arguments).types)
    documents = read_seed()
    left_out = {
        slug
        for (collection, slug), data in documents.items()
        if collection == "exercise" and types and data["type"] not in types
    }
    found = [(problem.where, problem.message) for problem in validate(documents)]
    exercises = [slug for collection, slug in documents if collection == "exercise"]
    found += [(f"exercise/{slug}", "has no guide") for slug in exercises if ("guide", slug) not in documents]
    told = [(where, message) for where, message in found if where.split("/")[1].split(".")[0] not in left_out]
    for where, message in told:
        print(f"{where}: {message}")
    print(f"{len(documents)} documents, {len(told)} problems")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
