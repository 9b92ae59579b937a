"""A browser in front of a platform of these tests: launches, and what is seen of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lti_platform import TOOL, Tab
from lti_senders import LEARNER, USUAL, Person, Sender, Signing
from sqlalchemy import select
from stifinder.core.service import Core
from stifinder.core.store import tables
from stifinder.core.store.database import across_tenants
from stifinder.lti_tool.visit import Visit
from werkzeug.test import TestResponse


@dataclass
class Browser(Tab):
    """A browser with its own cookies, and the log of the tool behind it."""

    platform: Sender

    def opens(self, person: Person = LEARNER, signing: Signing = USUAL, /, **changes: Any) -> TestResponse:
        """Login and launch; gives the tool's answer to the message."""
        asked = self.log_in()
        return self.answer(**self.platform.form(asked, person, signing, **changes))

    def enters(self, person: Person = LEARNER, /, **changes: Any) -> Visit:
        """Login, launch, and the page behind it; gives the visit."""
        return self.sees_a_page(self.opens(person, **changes))

    def sees_a_page(self, answer: TestResponse) -> Visit:
        """The visit that a launch opened; its page is there."""
        visit = self.visit(answer)
        page = self.client.get(answer.location, base_url=TOOL, follow_redirects=True)
        assert page.status_code == 200, page.text
        assert "<main" in page.text
        return visit

    def is_refused(
        self, reason: str, person: Person = LEARNER, signing: Signing = USUAL, /, **changes: Any
    ) -> TestResponse:
        """A launch that is refused for this reason; gives the page."""
        with self.refused(reason) as answers:
            answers.append(self.opens(person, signing, **changes))
        return answers[0]

    @contextmanager
    def refused(self, reason: str) -> Iterator[list[TestResponse]]:
        """As every refusal: a page, a 4xx, one line in the log; and no row of any table is another one."""
        before = stored(self.platform.core)
        with super().refused(reason) as answers:
            yield answers
        assert stored(self.platform.core) == before
        (page,) = answers
        assert page.mimetype == "text/html"
        assert page.headers["Cache-Control"] == "no-store"
        assert "X-Frame-Options" not in page.headers


def stored(core: Core) -> dict[str, list[str]]:
    """Every row of every table."""
    with core.database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(across_tenants(select(table)))))
            for table in tables.metadata.sorted_tables
        }
