"""A server that is written to, watched, compacted and killed; and the judge of what its clients saw, who is judged as well.

The run takes `SLIPWAY_HISTORY_SECONDS` (20) and its seed from `SLIPWAY_HISTORY_SEED`.
"""

import copy
import dataclasses
import itertools
import os
import random
import time

import pytest
import world as demo_world
from watch_load import Load
from watch_model import Event, History, Listing, Stream, Thing, Write, judge, judged_up_to, selected

WINDOW = 3.0


def made_up(seed):
    """A history without a fault, of an API that is a list in memory."""
    rng = random.Random(seed)
    names, log, now = ["x", "y", "z"], {}, {}
    revision, clock = 10, 100.0
    history = History(Listing(revision, {}, clock), WINDOW)
    for number in range(60):
        revision, clock, name = revision + rng.choice([1, 1, 2]), clock + 0.05, rng.choice(names)
        before = now.get(name)
        if before and rng.random() < 0.25:
            log[revision] = (name, before[1], None)
            history.writes.append(Write("delete", name, f"m{number}", clock, clock + 0.01, "done", uid=before[1].uid))
            del now[name]
            continue
        thing = Thing(name, before[1].uid if before else f"uid-{revision}", rng.choice("ab"), f"m{number}", f"digest-{revision}")
        log[revision] = (name, before[1] if before else None, thing)
        history.writes.append(Write("update" if before else "create", name, f"m{number}", clock, clock + 0.01, "done", revision,
                                    before[0] if before else 0, thing))
        now[name] = (revision, thing)
    history.writes.append(Write("update", "x", "never", clock, clock + 0.01, "refused"))

    def picture(at, selector):
        state = {}
        for number, (name, _, thing) in sorted(log.items()):
            if number <= at:
                state[name] = (number, thing)
        return {name: (number, thing) for name, (number, thing) in state.items() if selected(selector, thing)}

    def events(begin, end, selector):
        told = []
        for number, (_, before, after) in sorted(log.items()):
            was, is_now = selected(selector, before), selected(selector, after)
            if begin < number <= end and (was or is_now):
                kind = ("MODIFIED" if was else "ADDED") if is_now else "DELETED"
                told.append(Event(kind, number, after if is_now else before))
        return told

    revisions = sorted(log)
    for selector in (None, None, ("tier", "a"), ("name", "x")):
        position = history.first.revision
        for end in (revisions[20], revisions[40], revisions[-1]):
            told = [*events(position, end, selector), Event("BOOKMARK", end)]
            history.streams.append(Stream(position, selector, position > 10, events=told))
            position = end
    for at, selector in itertools.product((revisions[15], revisions[45]), (None, ("tier", "b"))):
        beginning = [Event("ADDED", number, thing) for number, thing in picture(at, selector).values()]
        history.streams.append(Stream(None, selector, events=[*beginning, Event("BOOKMARK", at, None, True),
                                                              *events(at, revisions[-1], selector)]))
        history.listings.append(Listing(at, picture(at, selector), 0.0, selector, True))
    return history


# Each spoils a history where `find` says so, and names the property that is hurt.
def changes_of(stream, least=3):
    return [i for i, event in enumerate(stream.events) if event.thing and not any(e.end_of_initial for e in stream.events[i:])] \
        if len(stream.events) > least else []


def streams_with(history, least=3, **wanted):
    return [stream for stream in history.streams if len(changes_of(stream, least)) >= least and not stream.expired and
            all(getattr(stream, name) == value for name, value in wanted.items())]


def drop_from_the_middle(history):
    del (stream := streams_with(history)[-1]).events[changes_of(stream)[1]]
    return "Reliable"


def drop_the_first_after_a_reconnect(history):
    stream = streams_with(history, resumes=True)[0]
    del stream.events[changes_of(stream)[0]]
    return "Resumable"


def drop_the_last_before_a_bookmark(history):
    stream = next(s for s in streams_with(history, least=2) if s.events[-1].type == "BOOKMARK" and s.events[-2].thing)
    del stream.events[-2]
    return "Bookmarkable"


def double(history):
    stream = streams_with(history)[0]
    stream.events.insert(changes_of(stream)[1] + 1, copy.deepcopy(stream.events[changes_of(stream)[1]]))
    return "Unique"


def reorder(history):
    stream = streams_with(history)[0]
    first, second = changes_of(stream)[:2]
    stream.events[first], stream.events[second] = stream.events[second], stream.events[first]
    return "Ordered"


def tear(history):
    stream = streams_with(history)[0]
    event = stream.events[changes_of(stream)[1]]
    event.thing = dataclasses.replace(event.thing, digest="torn", mark="torn: a and b")
    return "Atomic"


def mark_too_early(history):
    stream = streams_with(history)[0]
    index = changes_of(stream)[1]
    stream.events.insert(index, Event("BOOKMARK", stream.events[index].revision))
    return "Bookmarkable"


def mark_backwards(history):
    stream = streams_with(history)[0]
    stream.events.append(Event("BOOKMARK", stream.events[changes_of(stream)[0]].revision))
    return "Bookmarkable"


def call_a_change_an_addition(history):
    stream = next(s for s in streams_with(history) if any(e.type == "MODIFIED" for e in s.events))
    next(e for e in stream.events if e.type == "MODIFIED").type = "ADDED"
    return "Reliable"


def delete_what_was_not_last(history):
    stream = next(s for s in streams_with(history) if any(e.type == "DELETED" for e in s.events))
    event = next(e for e in stream.events if e.type == "DELETED")
    event.thing = dataclasses.replace(event.thing, mark="older", digest="older")
    return "Atomic"


def begin_without_one(history):
    stream = next(s for s in history.streams if s.after is None and s.events and s.events[0].thing and
                  any(e.end_of_initial for e in s.events))
    del stream.events[0]
    return "Atomic"


def begin_with_one_twice(history):
    stream = next(s for s in history.streams if s.after is None and s.events and s.events[0].thing and
                  any(e.end_of_initial for e in s.events))
    stream.events.insert(0, copy.deepcopy(stream.events[0]))
    return "Unique"


def list_without_one(history):
    listing = next(listing for listing in history.listings if listing.items)
    del listing.items[next(iter(listing.items))]
    return "Atomic"


def forget_an_acknowledged_write(history):
    lost = next(w for w in history.writes[5:] if w.outcome == "done" and w.thing)
    for stream in history.streams:
        stream.events = [e for e in stream.events if not e.thing or e.revision != lost.revision]
    return "Reliable"


def forget_an_acknowledged_deletion(history):
    lost = next(w for w in history.writes if w.outcome == "done" and w.verb == "delete")
    for stream in history.streams:
        stream.events = [e for e in stream.events if e.type != "DELETED" or e.thing.uid != lost.uid]
    return "Writes"


def do_what_was_refused(history):
    next(w for w in history.writes if w.outcome == "done" and w.thing).outcome = "refused"
    return "Writes"


def change_another_version(history):
    next(w for w in history.writes if w.outcome == "done" and w.base).base -= 1
    return "Writes"


def answer_out_of_order(history):
    done = [w for w in history.writes if w.outcome == "done" and w.thing]
    done[-1].sent, done[-1].answered, done[0].sent = 0.0, 1.0, 1e9
    return "Ordered"


def list_what_is_stale(history):
    newest = max(w.answered for w in history.writes)
    history.listings.append(dataclasses.replace(history.first, asked=newest + 1, exact=False))
    return "Ordered"


def forget_too_early(history):
    write = max((w for w in history.writes if w.outcome == "done" and w.thing), key=lambda w: w.revision)
    history.streams.append(Stream(write.revision - 1, None, ended=write.sent + WINDOW / 2, expired=True))
    return "Resumable"


MUTANTS = [drop_from_the_middle, drop_the_first_after_a_reconnect, drop_the_last_before_a_bookmark, double, reorder, tear, mark_too_early,
           mark_backwards, call_a_change_an_addition, delete_what_was_not_last, begin_without_one, begin_with_one_twice, list_without_one,
           forget_an_acknowledged_write, forget_an_acknowledged_deletion, do_what_was_refused, change_another_version,
           answer_out_of_order, list_what_is_stale, forget_too_early]


@pytest.mark.parametrize("seed", range(20))
def test_the_judge_finds_no_fault_where_there_is_none(seed):
    assert judge(made_up(seed)) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_judge_finds_every_fault(mutant):
    for seed in range(5):
        history = made_up(seed)
        prop = mutant(history)
        assert any(fault.startswith(prop) for fault in judge(history)), (seed, judge(history))


def test_what_a_write_did_whose_answer_was_lost_is_what_was_seen():
    history = made_up(1)
    for write in history.writes:
        if write.verb != "delete":
            write.outcome, write.thing, write.revision = "unknown", None, 0
    assert judge(history) == []


def test_clients_see_one_history_whatever_happens(tmp_path):
    seconds = float(os.environ.get("SLIPWAY_HISTORY_SECONDS", "20"))
    seed = int(os.environ.get("SLIPWAY_HISTORY_SEED", "1"))
    world = demo_world.World(tmp_path / "world")
    world.server_flags = ["--history", f"{int(WINDOW)}s"]
    try:
        world.start_server()
        load = Load(world.data / "admin.kubeconfig", WINDOW, seed)
        load.start()
        end, rng, kills = time.monotonic() + seconds, random.Random(seed), 0
        while time.monotonic() < end or kills < 2:
            time.sleep(rng.uniform(2, 6))
            world.server.kill()
            world.start_server()
            kills += 1
        history = load.stop()
    finally:
        world.close()
    faults = judge(history)
    assert faults == [], f"replay: SLIPWAY_HISTORY_SEED={seed}\n" + "\n".join(faults[:20])
    judge_the_run(history, kills)


def judge_the_run(history, kills):
    """It was one in which something could have gone wrong, and would have been found."""
    outcomes = [write.outcome for write in history.writes]
    last = history.listings[-1].revision
    newest = max(listing.revision for listing in history.listings)
    print(f"{len(outcomes)} writes, {outcomes.count('refused')} refused, {outcomes.count('unknown')} unknown; {len(history.streams)} "
          f"streams, {sum(s.expired for s in history.streams)} expired; {len(history.listings)} lists; {kills} kills; revision {last}")
    assert judged_up_to(history) >= newest, "somebody watched all the time, and saw all"
    assert outcomes.count("done") > 200 and outcomes.count("refused") > 20
    assert sum(stream.expired for stream in history.streams) > 0 and sum(stream.resumes for stream in history.streams) > 20
    for mutant in MUTANTS[::5]:
        spoiled = copy.deepcopy(history)
        prop = mutant(spoiled)
        assert any(fault.startswith(prop) for fault in judge(spoiled)), mutant.__name__
