"""Alert lists made from a seed, and what `investigate --alerts` tells of them. See .ci/flood."""

import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

EXAMPLES = pathlib.Path(sys.argv[1])
START, DAY = 1773619200, 86400
ATTACK = ["port scan", "web shell upload", "password brute force", "reverse shell", "privilege escalation by sudo", "new user added"]
SECONDS, MEGABYTES = 60, 2048


def calm():
    """Four ordinary days of ten hosts."""
    rng = random.Random(7)
    kinds = ["login ok", "service restarted", "dns lookup", "package updated"]
    return [(START + minute * 60, rng.choice(kinds), rng.randrange(10)) for minute in range(0, 4 * 24 * 60, 3)]


def attack(start):
    """An intrusion on host 3: six kinds of alert within half an hour."""
    return [(start + step * 240 + again * 9, name, 3) for step, name in enumerate(ATTACK) for again in range(4)]


def told(folder, name, rows, columns="time,name,host"):
    """What is told of `rows`, each incident as the set of its (time, alert, host), with seconds and megabytes."""
    path = folder / f"{name}.csv"
    with open(path, "w") as out:
        out.write(columns + "\n")
        out.writelines(",".join(map(str, row)) + "\n" for row in rows)
    child = subprocess.Popen([EXAMPLES / "investigate", "--alerts", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, name
    found = []
    for incident in json.loads(text)["incidents"]:
        records = (int(event.rsplit("#", 1)[1]) for event in incident["events"])
        found.append({tuple(rows[record][:3]) for record in records})
    seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{name:20} {len(rows):9} alerts {len(found):2} incidents {seconds:6.1f} s {megabytes:7.0f} MB")
    assert seconds <= SECONDS and megabytes <= MEGABYTES, name
    return found


def main():
    strike = attack(START + 3 * DAY + 36000)
    stages = {name for _, name, _ in strike}
    rows = sorted(calm() + strike)
    tells = lambda incident: {name for _, name, host in incident if host == 3} & stages
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        plain = told(folder, "calm days", rows)
        assert len(plain) == 1 and tells(plain[0]) == stages, "the attack is told"

        rng = random.Random(11)
        flood = [(START + 3 * DAY + 32400 + number * 7200 // 1_000_000, "connection refused", rng.randrange(4, 10)) for number in range(1_000_000)]
        flooded = told(folder, "a million more", sorted(rows + flood))
        assert tells(flooded[0]) == stages, "the flood hides the attack"
        assert len(flooded) <= 2, "the flood is more than one story"

        shuffled = sorted(rows * 2, key=lambda row: row[0] + rng.uniform(0, 50))
        assert told(folder, "twice, out of order", shuffled) == plain, "order or repetition shows"

        hub = [(*row, "svc-sync") for row in rows]
        with_hub = told(folder, "one in every alert", hub, "time,name,host,user")
        assert [tells(incident) for incident in with_hub] == [stages], "a hub changes the story"
        assert {host for _, _, host in with_hub[0]} == {3}, "a hub draws others in"

        silent = [row if row[0] < START + 2 * DAY else (row[0] + 2 * DAY, *row[1:]) for row in rows]
        silence = told(folder, "two days of silence", silent)
        assert [tells(incident) for incident in silence] == [stages], "silence opens or hides something"

        early = told(folder, "from the first second", sorted(attack(START + 5) + calm()))
        poisoned = [incident for incident in early if tells(incident)]
        print(f"{'':20} an attack from the first second: {'told' if poisoned else 'not told'}")
        assert len(early) <= 2, "a poisoned start makes stories"


main()
