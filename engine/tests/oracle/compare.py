#!/usr/bin/env python3
"""Compares two opportunity files; says where they first differ, and exits 1 when they do.

    compare.py A.csv B.csv [--ignore COLUMN,...] [--show N]

Without --ignore the files must be the same byte for byte. With it, the named columns are left out of account.
"""

import argparse
import sys

BEFORE = 2  # equal lines shown ahead of a difference


def lines(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8").split("\n")


def cells(line, ignored):
    return [cell for place, cell in enumerate(line.split(",")) if place not in ignored]


def main():
    parser = argparse.ArgumentParser(description="Compares two opportunity files.")
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--ignore", default="", metavar="COLUMN,...")
    parser.add_argument("--show", type=int, default=5, metavar="N", help="differences shown (5)")
    given = parser.parse_args()
    a, b = lines(given.a), lines(given.b)
    header = a[0].split(",")
    ignored = set()
    for name in filter(None, given.ignore.split(",")):
        if name not in header:
            sys.exit("compare: no column " + name + " in " + given.a)
        ignored.add(header.index(name))
    differences = 0
    for place in range(max(len(a), len(b))):
        left = a[place] if place < len(a) else None
        right = b[place] if place < len(b) else None
        if left is not None and right is not None and cells(left, ignored) == cells(right, ignored):
            continue
        differences += 1
        if differences > given.show:
            continue
        print("line {}:".format(place + 1))
        for before in range(max(0, place - BEFORE), place):
            print("    " + a[before] if before < len(a) else "    (ended)")
        print("  A " + ("(ended)" if left is None else repr(left)[1:-1]))
        print("  B " + ("(ended)" if right is None else repr(right)[1:-1]))
        if left is not None and right is not None:
            pairs = zip(left.split(","), right.split(","))
            for column, (x, y) in enumerate(pairs):
                if x != y and column not in ignored:
                    name = header[column] if column < len(header) else str(column)
                    print("    {}: {} | {}".format(name, x, y))
    if differences:
        print("{} of {} lines differ ({} | {} lines)".format(differences, max(len(a), len(b)), len(a), len(b)))
        sys.exit(1)
    print("same: {} records".format(max(len(a) - 2, 0)))


if __name__ == "__main__":
    main()
