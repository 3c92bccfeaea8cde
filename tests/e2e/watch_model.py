"""Judges what clients saw of an API: one model is built from the union of all that was seen, and each stream is held against it.

The six properties are those that etcd promises of its watches. Ordered: by revision. Unique: no change twice. Atomic: a change is seen
whole, and as one thing by everybody. Reliable: no change is left out. Resumable: a stream goes on where another one ended, for as long
as history is kept. Bookmarkable: what a bookmark says has been sent was sent. Besides, writes: what was acknowledged happened, in that
order and under the precondition that was named, and what was refused did not. What a write did whose answer was lost is decided by
what was seen.
"""

import bisect
import collections
import dataclasses


@dataclasses.dataclass(frozen=True)
class Thing:
    """An object without its version."""
    name: str
    uid: str
    tier: str  # the label that selectors choose by
    mark: str  # names the write that made it so
    digest: str  # of all its bytes


@dataclasses.dataclass
class Write:
    verb: str  # create, update, patch or delete
    name: str
    mark: str
    sent: float
    answered: float = 0.0
    outcome: str = "unknown"  # or done, refused
    revision: int = 0  # of the change, where the answer says it
    base: int = 0  # the version that it demanded to change; 0: any
    thing: Thing | None = None  # as it was answered
    uid: str = ""  # of what was deleted


@dataclasses.dataclass
class Event:
    type: str
    revision: int
    thing: Thing | None = None  # BOOKMARK: nothing
    end_of_initial: bool = False


@dataclasses.dataclass
class Stream:
    after: int | None  # None: it begins with what is there
    selector: tuple | None = None  # ("tier", value) or ("name", value)
    resumes: bool = False  # it goes on where another one of the same client ended
    asked: float = 0.0
    ended: float = 0.0
    expired: bool = False
    events: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Listing:
    revision: int
    items: dict  # name -> (revision, Thing)
    asked: float = 0.0
    selector: tuple | None = None
    exact: bool = False  # it asked for this very revision


@dataclasses.dataclass
class History:
    first: Listing  # before anything else happened
    window: float  # seconds for which changes are kept
    writes: list = dataclasses.field(default_factory=list)
    streams: list = dataclasses.field(default_factory=list)
    listings: list = dataclasses.field(default_factory=list)


def selected(selector, thing):
    return thing is not None and (selector is None or getattr(thing, selector[0]) == selector[1])


class Judge:
    def __init__(self, history):
        self.history = history
        self.faults = []
        self.changes = {}  # revision -> (name, Thing or None where it was deleted)
        self.complete = 0  # everything up to here is known
        self.ordered = []  # the revisions of all changes
        self.lives = collections.defaultdict(lambda: ([], []))  # name -> revisions and (Thing or None), in order

    def fault(self, prop, text):
        self.faults.append(f"{prop}: {text}")

    def run(self):
        """What is wrong; empty where nothing is."""
        self.learn()
        self.judge_lives()
        self.judge_writes()
        for listing in [self.history.first, *self.history.listings]:
            self.judge_listing(listing)
        for number, stream in enumerate(self.history.streams):
            self.judge_stream(f"stream {number}", stream)
        return self.faults

    # -- the union ----------------------------------------------------------------------------------------------------
    def note(self, revision, name, thing):
        known = self.changes.setdefault(revision, (name, thing))
        if known != (name, thing):
            self.fault("Atomic", f"revision {revision} is both {known} and {(name, thing)}")

    def learn(self):
        first = self.history.first
        for name, (revision, thing) in first.items.items():
            self.note(revision, name, thing)
        for write in self.history.writes:
            if write.outcome == "done" and write.thing:
                self.note(write.revision, write.name, write.thing)
        for stream in self.history.streams:
            for event in stream.events:
                if event.type in ("ADDED", "MODIFIED"):
                    self.note(event.revision, event.thing.name, event.thing)
                elif event.type == "DELETED" and (stream.selector is None or stream.selector[0] == "name"):
                    self.note(event.revision, event.thing.name, None)
        for listing in self.history.listings:
            for name, (revision, thing) in listing.items.items():
                self.note(revision, name, thing)
        self.ordered = sorted(self.changes)
        self.complete = first.revision
        for begin, end in sorted(span for span in map(self.span, self.history.streams) if span):
            if begin <= self.complete:
                self.complete = max(self.complete, end)

    @staticmethod
    def span(stream):
        """The revisions of which a stream that selects nothing told everything; None: of none."""
        if stream.selector is not None:
            return None
        begin = stream.after
        for event in stream.events:
            if begin is None and event.end_of_initial:
                begin = event.revision
        return (begin, max([begin, *(event.revision for event in stream.events)])) if begin is not None else None

    def between(self, begin, end):
        """The revisions above one and up to another."""
        return self.ordered[bisect.bisect_right(self.ordered, begin):bisect.bisect_right(self.ordered, end)]

    def judge_lives(self):
        ended = set()
        for revision in self.between(0, self.complete):
            name, thing = self.changes[revision]
            revisions, things = self.lives[name]
            before = things[-1] if things else None
            if thing is None and before is None:
                self.fault("Unique", f"{name} is deleted at {revision}, and was not there")
            if thing is not None and before is not None and thing.uid != before.uid:
                self.fault("Reliable", f"{name} is another one at {revision}, and nobody was told that it was deleted")
            if thing is not None and before is None and thing.uid in ended:
                self.fault("Unique", f"{name} is back at {revision} with the uid that it had")
            if thing is None and before is not None:
                ended.add(before.uid)
            revisions.append(revision)
            things.append(thing)

    def at(self, name, revision):
        """(revision of its last change, Thing) of a name at a revision; (0, None) where it was not there."""
        revisions, things = self.lives[name]
        index = bisect.bisect_right(revisions, revision) - 1
        return (revisions[index], things[index]) if index >= 0 and things[index] else (0, None)

    def picture(self, revision, selector):
        here = {name: self.at(name, revision) for name in self.lives}
        return {name: state for name, state in here.items() if selected(selector, state[1])}

    # -- writes ---------------------------------------------------------------------------------------------------------
    def judge_writes(self):
        seen = {thing.mark for _, thing in self.changes.values() if thing}
        gone = {self.at(name, revision - 1)[1].uid for revision, (name, thing) in self.changes.items()
                if thing is None and revision <= self.complete and self.at(name, revision - 1)[1]}
        for write in self.history.writes:
            if write.outcome == "refused" and write.verb != "delete" and write.mark in seen:
                self.fault("Writes", f"{write.verb} of {write.name} was refused, and {write.mark} is there")
            if write.outcome == "done" and write.verb == "delete" and write.uid not in gone:
                self.fault("Writes", f"{write.name} with uid {write.uid} was deleted, and nobody saw that")
            if write.outcome == "done" and write.revision and write.revision <= self.complete:
                before = self.at(write.name, write.revision - 1)[0]
                if write.base and before != write.base:
                    self.fault("Writes", f"{write.mark} changed version {before} of {write.name}, and not {write.base}")
                if write.verb == "create" and before:
                    self.fault("Writes", f"{write.mark} created {write.name}, which was there as {before}")
        self.judge_time()

    def judge_time(self):
        """What was acknowledged before something else was asked has the lower revision, and lists show it."""
        done = sorted((write.answered, write.revision) for write in self.history.writes if write.outcome == "done" and write.revision)
        asked = sorted([(write.sent, write.revision, write.mark, "has") for write in self.history.writes
                        if write.outcome == "done" and write.revision] +
                       [(listing.asked, listing.revision + 1, "a list", "shows") for listing in self.history.listings
                        if not listing.exact])
        newest, index = 0, 0
        for sent, revision, what, does in asked:
            while index < len(done) and done[index][0] < sent:
                newest = max(newest, done[index][1])
                index += 1
            if revision <= newest:
                self.fault("Ordered", f"{what} {does} {revision}, and {newest} was acknowledged before it was asked for")

    # -- reads ----------------------------------------------------------------------------------------------------------
    def judge_listing(self, listing):
        if listing.revision <= self.complete:
            self.compare(f"the list at {listing.revision}", listing.items, self.picture(listing.revision, listing.selector))

    def compare(self, what, got, wanted):
        for name in sorted(set(got) | set(wanted)):
            if got.get(name) != wanted.get(name):
                self.fault("Atomic", f"{what} shows {name} as {got.get(name)}, and it was {wanted.get(name)}")

    def judge_stream(self, what, stream):
        events = list(stream.events)
        begin = stream.after
        if begin is None:
            ends = [index for index, event in enumerate(events) if event.end_of_initial]
            if not ends:
                return  # cut before it had said all that was there
            begin = events[ends[0]].revision
            initial, events = events[:ends[0]], events[ends[0] + 1:]
            if begin <= self.complete:
                if any(event.type != "ADDED" for event in initial) or len({e.thing.name for e in initial}) != len(initial):
                    self.fault("Unique", f"{what} begins with more than one addition of each")
                self.compare(f"the beginning of {what}", {e.thing.name: (e.revision, e.thing) for e in initial},
                             self.picture(begin, stream.selector))
        self.judge_order(what, begin, events)
        position = max([begin, *(event.revision for event in events)])
        self.judge_content(what, stream, begin, events, min(position, self.complete))
        if stream.expired:
            self.judge_expiry(what, stream, position)

    def judge_order(self, what, begin, events):
        last, marked, seen = begin, begin, set()
        for event in events:
            if event.type == "BOOKMARK":
                if event.revision < last:
                    self.fault("Bookmarkable", f"{what} is marked at {event.revision} after {last}")
                marked = max(marked, event.revision)
            elif event.revision in seen:
                self.fault("Unique", f"{what} tells {event.revision} twice")
            elif event.revision < last or event.revision <= begin:
                self.fault("Ordered", f"{what} tells {event.revision} after {last}")
            elif event.revision <= marked:
                self.fault("Bookmarkable", f"{what} tells {event.revision}, and was marked at {marked}")
            seen.add(event.revision if event.type != "BOOKMARK" else None)
            last = max(last, event.revision)

    def expected(self, selector, begin, end):
        """revision -> (type, Thing) of what a stream is told between two revisions."""
        told = {}
        for revision in self.between(begin, end):
            name, thing = self.changes[revision]
            before = self.at(name, revision - 1)[1]
            was, is_now = selected(selector, before), selected(selector, thing)
            if is_now:
                told[revision] = ("MODIFIED" if was else "ADDED", thing)
            elif was:
                told[revision] = ("DELETED", before)
        return told

    def judge_content(self, what, stream, begin, events, end):
        wanted = self.expected(stream.selector, begin, end)
        got = {e.revision: (e.type, e.thing) for e in events if e.type != "BOOKMARK" and e.revision <= end}
        first, last = min(got, default=end), max(got, default=begin)
        for revision in sorted(set(wanted) | set(got)):
            if revision not in got:
                late = "Bookmarkable" if revision > last else "Reliable"
                prop = "Resumable" if stream.resumes and revision < first else late
                self.fault(prop, f"{what} leaves out {revision}: {wanted[revision]}")
            elif revision not in wanted:
                self.fault("Reliable", f"{what} tells {got[revision]} at {revision}, and there was nothing to tell")
            elif got[revision][1] != wanted[revision][1]:
                self.fault("Atomic", f"{what} shows {got[revision][1]} at {revision}, and it was {wanted[revision][1]}")
            elif got[revision][0] != wanted[revision][0]:
                self.fault("Reliable", f"{what} calls {revision} {got[revision][0]}, and it was {wanted[revision][0]}")

    def judge_expiry(self, what, stream, position):
        """The change after `position` was not there yet when it was sent: until then `position` was the newest."""
        following = next(iter(self.between(position, float("inf"))), 0)
        for write in self.history.writes:
            kept = stream.ended - write.sent
            if write.outcome == "done" and write.revision == following and kept < self.history.window:
                self.fault("Resumable", f"{what} was told that {position} is too old after {kept:.2f} s")


def judge(history):
    """What is wrong with a history, each as `Property: what`."""
    return Judge(history).run()


def judged_up_to(history):
    """The revision up to which everything is known."""
    found = Judge(history)
    found.learn()
    return found.complete
