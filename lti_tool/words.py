"""Fixed words by key: what media types, levels, purposes, data sources and kinds of records are called.

English here is the translation key; ``rendering`` translates when a word is used.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..core.catalogue import Level
from ..core.decisions import DecisionKind
from ..core.manifests import Reads
from ..core.people import Purpose, Role, Source
from ..core.proposals import Dismissal, Outcome, message

MEDIA: Mapping[str, str] = {
    "text": message("Text"),
    "video": message("Video"),
    "audio": message("Audio"),
    "exercise": message("Exercise"),
    "quiz": message("Quiz"),
    "discussion": message("Discussion"),
    "live": message("Live session"),
    "course": message("Course"),
    "other": message("Activity"),
}

LEVELS: Mapping[Level, str] = {
    Level.BEGINNER: message("Beginner"),
    Level.INTERMEDIATE: message("Intermediate"),
    Level.ADVANCED: message("Advanced"),
}

DISMISSALS: Mapping[str, str] = {
    Dismissal.KNOWN: message("I know this already"),
    Dismissal.TOO_HARD: message("Too hard for now"),
    Dismissal.NOT_RELEVANT: message("Not relevant to me"),
    Dismissal.NOT_NOW: message("Not now"),
    Dismissal.FORMAT: message("I would like another format"),
}

STRATEGIES: Mapping[str, str] = {
    "collaborative": message("What others did next, and how it went"),
    "content": message("What the activity is about"),
    "mastery": message("What you know so far"),
    "spacing": message("What you may be about to forget"),
    "peers": message("Who could learn with you"),
    "motivation": message("What is neither too easy nor too hard for you"),
    "beginners": message("Where beginners start"),
    "planner": message("What leads to your goal"),
}

MODELS: Mapping[str, str] = {
    **STRATEGIES,
    "blend": message("Which suggestions were of use"),
    "prerequisites": message("What has to be known before what"),
    "skill-norms": message("How well people do, skill by skill"),
}
"""Learned models by name, as the list of what is counted calls them."""

SOURCES_USED: Mapping[str, str] = {
    "statements": message("your results and completed activities in the LMS"),
    "page": message("what you said and did on these pages"),
    "group": message("counted steps of others in the course"),
    "catalogue": message("the course’s own catalogue"),
    "staff": message("what staff of the course decided"),
    "launch": message("what the LMS said when it opened this page"),
}
"""In the order in which they are listed: the reader's own first."""

READS: Mapping[Reads, str] = {
    Reads.PROFILE: message("goals, own ratings and wishes of the learner"),
    Reads.HISTORY: message("what the learner did, and how it went"),
    Reads.ESTIMATES: message("what the learner is likely to know, and reviews due"),
    Reads.CALENDAR: message("what is coming up for the learner"),
}
"""What a plugin may be given about the learner it is asked for."""

PURPOSES: Mapping[Purpose, tuple[str, str]] = {
    Purpose.SUGGESTIONS: (
        message("Suggestions made for you"),
        message(
            "What you did and how it went decides what is suggested next, when a review is due, and what you "
            "are likely to know. Teachers of the course see what is suggested to you, and what came of it."
        ),
    ),
    Purpose.SHARED_MODELS: (
        message("Better suggestions for everybody"),
        message(
            "Your steps are added to counts about everybody, such as how many who did one activity did well "
            "in the next. When you withdraw, your part is subtracted again."
        ),
    ),
    Purpose.PEERS: (
        message("Learning with somebody"),
        message(
            "Others in the course can be told that somebody is strong in what they want to learn. Your name "
            "is not shown. Teachers of the course can have teams proposed, in which you stand under a sign, "
            "not your name. Who accompanies you as your mentor, if the LMS names somebody, sees what you are "
            "likely to know and what is suggested to you."
        ),
    ),
}
"""Purpose to its title and what it means."""

SOURCES: Mapping[Source, tuple[str, str]] = {
    Source.STATEMENTS: (
        message("What the LMS reports about you"),
        message("Activities you open and complete, answers and scores."),
    ),
    Source.PAGE: (
        message("What you say and do on these pages"),
        message("Goals, self-ratings, reviews, and which suggestions you start or set aside."),
    ),
}
"""Source to its title and what it holds."""

CHANGES = (
    message("Suggestions follow your own results instead of the course alone."),
    message("Reviews come up before you are likely to forget."),
    message("You see what you are likely to know, skill by skill."),
    message("What you set aside stays set aside."),
)
"""What would be different with an agreement."""

RATINGS = (
    (1, message("I could not recall it")),
    (2, message("With effort")),
    (3, message("Well")),
    (4, message("Easily")),
)
"""Answers to a self-check, with the rating the core understands."""

MOTIVATIONS = (
    (1, message("Very low")),
    (2, message("Low")),
    (3, message("In between")),
    (4, message("High")),
    (5, message("Very high")),
)
"""Answers to how the motivation is, with the number that is kept (as a share of the way from 1 to 5)."""

PACES: Mapping[str, tuple[str, str]] = {
    "tiring": (
        message("A short pause?"),
        message("Some minutes away from it often help. Until then fewer suggestions are shown."),
    ),
    "overload": (
        message("A lighter day?"),
        message("Fewer suggestions and reviews are shown, and only short ones where there are any."),
    ),
    "waning": (
        message("Is this still the right way for you?"),
        message("Fewer suggestions are shown at a time. A smaller step or another goal is fine."),
    ),
}
"""How somebody is getting on: a title, and what the page does about it."""

SELF_RATINGS = (
    (0.0, message("New to me")),
    (0.25, message("I have heard of it")),
    (0.5, message("I can do it with help")),
    (0.75, message("I can do it alone")),
    (1.0, message("I could teach it")),
)
"""Self-ratings a person can give, 0..1."""

KINDS: Mapping[str, str] = {
    "learner": message("About you"),
    "grants": message("What you agreed to"),
    "grant": message("What you agreed to"),
    "identities": message("Scrambled signs by which the LMS’s reports find you"),
    "learner_identity": message("Scrambled signs by which the LMS’s reports find you"),
    "contexts": message("Courses in which you can be found"),
    "membership": message("Courses in which you can be found"),
    "statements": message("Reports from the LMS, as they came"),
    "statement": message("Reports from the LMS, as they came"),
    "events": message("What happened"),
    "event": message("What happened"),
    "suggestions": message("Suggestions, and what came of them"),
    "suggestion": message("Suggestions, and what came of them"),
    "mastery": message("What you are likely to know"),
    "awards": message("What you achieved"),
    "award": message("What you achieved"),
    "grade_links": message("Grades that the LMS gets from here"),
    "grade_link": message("Grades that the LMS gets from here"),
    "waiting_grades": message("Grades that wait to be sent to the LMS"),
    "outbox": message("Grades that wait to be sent to the LMS"),
    "waiting_suggestions": message("Suggestions that wait for a yes of your teacher"),
    "waiting": message("Suggestions that wait for a yes of your teacher"),
    "decisions": message("What your teachers decided about your suggestions"),
    "decision": message("What your teachers decided about your suggestions"),
    "course_groups": message("Groups of the course that you are in"),
    "course_group_member": message("Groups of the course that you are in"),
    "staff_member": message("The sign under which you acted as staff"),
    "plugin_values": message("What plugins worked out about you"),
    "plugin_value": message("What plugins worked out about you"),
    "counted_in_models": message("Counts about everybody that include you"),
}
"""Kinds of records about a person, as the core names them when it shows and when it erases."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "learner": ("roles", "locale"),
    "grants": ("purpose", "source", "at", "basis"),
    "identities": (),
    "contexts": ("seen_at",),
    "events": ("at", "kind", "activity_id", "skills", "success", "score", "minutes"),
    "statements": ("stored",),
    "suggestions": ("at", "activity_id", "position", "outcome", "dismissal"),
    "mastery": ("skill_id", "mean", "low", "high", "answers"),
    "awards": ("title", "at"),
    "grade_links": ("score", "stamp"),
    "waiting_grades": ("score", "created_at"),
    "waiting_suggestions": ("activity_id", "at"),
    "decisions": ("kind", "activity_id", "decided_at"),
    "course_groups": (),
    "plugin_values": ("plugin", "key", "changed_at"),
}
"""What a table shows of each kind; the rest of a record is folded away beside it."""

FIELDS: Mapping[str, str] = {
    "at": message("When"),
    "stored": message("Stored"),
    "seen_at": message("Last opened"),
    "stamp": message("Last sent"),
    "created_at": message("Since"),
    "decided_at": message("Decided"),
    "activity_id": message("Activity"),
    "skill_id": message("Skill"),
    "skills": message("Skills"),
    "kind": message("Kind"),
    "purpose": message("Purpose"),
    "source": message("Source"),
    "basis": message("Basis"),
    "success": message("Success"),
    "score": message("Score"),
    "minutes": message("Minutes"),
    "position": message("Place on the page"),
    "outcome": message("What came of it"),
    "dismissal": message("Why set aside"),
    "mean": message("Best estimate"),
    "low": message("At least"),
    "high": message("At most"),
    "answers": message("Answers it rests on"),
    "title": message("Title"),
    "roles": message("Roles"),
    "locale": message("Language"),
    "plugin": message("Plugin"),
    "key": message("Name"),
    "changed_at": message("Changed"),
}
"""Fields of such records."""

VALUES: Mapping[str, str] = {
    "viewed": message("opened"),
    "started": message("started"),
    "answered": message("answered"),
    "submitted": message("handed in"),
    "completed": message("completed"),
    "passed": message("passed"),
    "failed": message("not passed"),
    "scored": message("scored"),
    "enrolled": message("enrolled"),
    "left": message("left"),
    "rated": message("rated"),
    "commented": message("commented"),
    "attended": message("attended"),
    "achieved": message("achieved"),
    "reviewed": message("reviewed"),
    "outcome": message("what came of a suggestion"),
    "other": message("something else"),
    Outcome.SHOWN: message("shown"),
    Outcome.DISMISSED: message("set aside"),
    Role.LEARNER: message("learner"),
    Role.MENTOR: message("mentor"),
    Role.TEACHER: message("teacher"),
    Role.ADMINISTRATOR: message("administrator"),
    Role.OPERATOR: message("operator"),
    DecisionKind.NEVER: message("never suggested"),
    DecisionKind.HIDE: message("hidden"),
    DecisionKind.PIN: message("put first"),
    DecisionKind.REPLACE: message("replaced by another"),
    DecisionKind.APPROVE: message("approved"),
    "consent": message("your agreement"),
}
"""Kinds of events, outcomes, roles, and the basis "consent"."""
