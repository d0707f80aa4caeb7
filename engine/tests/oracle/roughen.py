#!/usr/bin/env python3
"""Roughens the frames of a session in place: what engine and oracle must read alike although no venue writes so today.

    roughen.py --seed N FILES.txt

Of every eight lines about one is changed: fields in another order, unknown fields, blanks, escapes, no combined form,
zeros beyond the scale, a digit beyond the scale (refused by both), another symbol, receive times that step back, a
trade off the market, a line twice, a line gone, frames that are no ticks. The same seed gives the same bytes.
"""

import argparse
import json

import generate

DECIMALS = {"p", "q", "b", "B", "a", "A"}


def shuffled(random, table):
    keys = list(table)
    for place in range(len(keys) - 1, 0, -1):
        other = random.below(place + 1)
        keys[place], keys[other] = keys[other], keys[place]
    return {key: table[key] for key in keys}


def decimal_key(random, data):
    keys = [key for key in data if key in DECIMALS and isinstance(data[key], str)]
    return keys[random.below(len(keys))]


def longer(data, key, digits):
    """The decimal with digits behind its last one."""
    data[key] += digits if "." in data[key] else "." + digits


def change(random, time, frame):
    """The changed line, as [(time, frame text)]."""
    whole = json.loads(frame)
    data = whole["data"] if "data" in whole else whole
    if not any(key in DECIMALS and isinstance(data[key], str) for key in data):
        return [(time, frame)]  # no tick
    text = None
    choice = random.below(14)
    if choice == 0:
        data = shuffled(random, data)
    elif choice == 1:
        data = shuffled(random, {"zz": [1, {"p": None}, "q\n\u00e9"], **data, "Z": 1.5e-3})
    elif choice == 2:
        text = json.dumps(whole, indent=1).replace("\n", "\t")
    elif choice == 3:
        text = json.dumps(data)
    elif choice == 4:
        for key in [key for key in data if key in DECIMALS and isinstance(data[key], str)]:
            longer(data, key, "0" * random.between(1, 12))
    elif choice == 5:
        longer(data, decimal_key(random, data), "0" * 9 + "1")
    elif choice == 6:
        data["s"] = ("Y" + data["s"])[:19]
    elif choice == 7:
        time -= random.between(1, 40_000_000)
    elif choice == 8 and "p" in data:
        data["X"] = ("INSURANCE_FUND", "ADL", "NA", "MARKET")[random.below(4)]
    elif choice == 9:
        return [(time, frame), (time, frame)]
    elif choice == 10:
        return []
    elif choice == 11:
        text = '{"stream":"x@depth","data":{"e":"depthUpdate","E":1,"s":"' + data["s"] + '"}}'
    elif choice == 12:
        # The name of a field with an escape in it is the same name.
        text = frame.replace('"s":', '"\\u0073":')
    else:
        time += random.between(1, 3_000)
    if text is None:
        text = json.dumps({**whole, "data": data} if "data" in whole else data, separators=(",", ":"))
    return [(time, text)]


def main():
    parser = argparse.ArgumentParser(description="Roughens the frames of a session in place.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("list", metavar="FILES.txt", help="VENUE=FILE a line")
    given = parser.parse_args()
    random = generate.Random(given.seed)
    with open(given.list, encoding="utf-8") as file:
        paths = [line.rstrip("\n").partition("=")[2] for line in file]
    for path in paths:
        with open(path, encoding="utf-8") as file:
            lines = [line.rstrip("\n").partition(" ") for line in file]
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            for time, _, frame in lines:
                changed = change(random, int(time), frame) if random.chance(1, 8) else [(time, frame)]
                file.writelines("{} {}\n".format(*line) for line in changed)


if __name__ == "__main__":
    main()
