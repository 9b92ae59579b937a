"""Which plugins there are, and how their hooks are called.

Plugins come from the entry points ``stifinder.plugins`` and from the configuration. A plugin that cannot be
loaded is listed with the reason and does not stop the others. ``of_tenant`` gives the plugins as one tenant
uses them.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from .answers import usable
from .apart.parent import Apart
from .errors import ConfigurationError
from .hookspecs import FAMILIES, PROJECT, RULES, deprecations
from .isolation import Isolation, log
from .jobs import Job
from .learned import LearnedModel
from .manifests import Manifest, limited, own, wrong
from .people import Purpose
from .plugin_choices import AS_INSTALLED, NOT_YET, PluginChoice, WrongSettings, is_schema
from .plugin_health import Tallies, resident
from .plugin_settings import SettingsBySchema
from .proposals import Situation

GROUP = "stifinder.plugins"
UNSAID = Manifest()
OURS, CONFIGURED = "stifinder", "configuration"
TRUSTED = frozenset({OURS, CONFIGURED})
"""Origins whose plugins are on without a word of the tenant."""


class AskedForNoTenant(AssertionError):
    """A hook was asked without saying as which tenant uses the plugins: a programming error."""


@dataclass(frozen=True, slots=True)
class Described:
    """One line of ``stifinder plugins``.

    :param status: ``ok``, ``disabled``, ``paused``, ``stuck``, or ``refused: <why>``.
    """

    name: str
    version: str
    origin: str
    hooks: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What one plugin said: never empty."""

    plugin: str
    values: tuple[Any, ...]


def _overheard(function: Callable[..., Any]) -> tuple[list[str], Callable[..., Any]]:
    """A function, and where the words of its error are kept.

    For ``configure`` only: elsewhere errors may speak of people, and are told by type and place.
    """
    said: list[str] = []

    @wraps(function)
    def listened(**arguments: Any) -> Any:
        try:
            return function(**arguments)
        except Exception as error:
            said.append(str(error))
            raise

    return said, listened


class Plugins:
    """The loaded plugins.

    :param load: further plugins as ``module`` or ``module:object``, called before the others.
    :param disable: names of plugins not to use.
    :param apart: names of plugins to run in processes of their own.
    :param settings: plugin name to its own settings.
    :param discover: whether to look for entry points; tests that bring their own plugins say no.
    """

    def __init__(
        self,
        *,
        load: Iterable[str] = (),
        disable: Iterable[str] = (),
        apart: Iterable[str] = (),
        settings: Mapping[str, Mapping[str, object]] | None = None,
        discover: bool = True,
        isolation: Isolation | None = None,
    ) -> None:
        self.isolation = isolation or Isolation()
        self.tallies = Tallies()
        self.settings = SettingsBySchema(settings or {}, self.isolation)
        self.manifests: dict[str, Manifest] = {}
        self._serves: dict[str, Purpose] = {}
        self._jobs: dict[str, tuple[Job, ...]] = {}
        self._choices: Mapping[str, PluginChoice] = {}
        self._tenant_id = ""
        self._only_for_tenants = False
        self._manager = pluggy.PluginManager(PROJECT)
        for family in FAMILIES:
            self._manager.add_hookspecs(family)
        self._rows: dict[str, Described] = {}
        self._disabled = set(disable)
        self._wanted_apart = frozenset(apart)
        self.apart: dict[str, Apart] = {}
        self.grown: dict[str, int] = {}
        for name, version, origin, find, spec in self._found(load, discover):
            self._load(name, version, origin, find, spec)
        self._take_manifests()
        self._take_schemas()
        self._configure()
        self._take_purposes()
        self._take_jobs()

    @classmethod
    def names(cls, load: Iterable[str] = ()) -> list[str]:
        """The plugins there are; none of their code is run."""
        return [name for name, *_ in cls._found(load, discover=True)]

    @staticmethod
    def _found(load: Iterable[str], discover: bool) -> Iterator[tuple[str, str, str, Any, str]]:
        found: list[EntryPoint] = sorted(entry_points(group=GROUP), key=lambda e: e.name) if discover else []
        # Shipped strategies first: where the first to answer wins, the latest registered is asked first,
        # so a stranger's plugin replaces ours and the configured one replaces both.
        found.sort(key=lambda e: e.dist is not None and e.dist.name != OURS)
        for entry in found:
            version = entry.dist.version if entry.dist else ""
            yield entry.name, version, entry.dist.name if entry.dist else "", entry.load, entry.value
        for spec in load:
            module, _, attribute = spec.partition(":")

            def find(module: str = module, attribute: str = attribute) -> Any:
                loaded = importlib.import_module(module)
                return getattr(loaded, attribute) if attribute else loaded

            yield attribute or module.rpartition(".")[2], "", CONFIGURED, find, spec

    def _load(self, name: str, version: str, origin: str, find: Any, spec: str) -> None:
        status = "ok"
        hooks: tuple[str, ...] = ()
        if name in self._disabled:
            status = "disabled"
        elif self._manager.has_plugin(name):
            raise ConfigurationError(
                f"Two plugins are called {name!r} (the second from {origin}).",
                "Rename or disable one of them.",
            )
        else:
            before = resident()
            try:
                if name in self._wanted_apart:
                    self.apart[name] = Apart(name, spec)
                hooks = self._register(self.apart[name] if name in self.apart else find(), name)
            except Exception as error:  # noqa: BLE001  (whatever a stranger's module does, the others go on)
                status = f"refused: {type(error).__name__}: {error}"
                log.warning("plugin %s from %s was not loaded: %s", name, origin, type(error).__name__)
            if before is not None:
                self.grown[name] = max(0, (resident() or before) - before)
        self._rows[name] = Described(name, version, origin, hooks, status)

    def _register(self, plugin: Any, name: str) -> tuple[str, ...]:
        offered = [
            attribute
            for attribute in dir(plugin)
            if self._manager.parse_hookimpl_opts(plugin, attribute) is not None
        ]
        unknown = [hook for hook in offered if hook not in RULES]
        if unknown:
            raise ValueError(f"there is no hook {', '.join(unknown)}; hooks are: {', '.join(RULES)}")
        if not offered:
            raise ValueError("it implements no hook; decorate at least one function with @hookimpl")
        self._manager.register(plugin, name=name)
        for words in deprecations(offered):
            log.warning("plugin %s: %s", name, words)
        return tuple(sorted(offered))

    def _take_manifests(self) -> None:
        """Ask what each plugin needs; who says nothing has ``Manifest()``."""
        for implementation in self._implementations("manifest"):
            name = implementation.plugin_name
            failures = self._failures(name)
            answer = self._ask("manifest", implementation, {})
            if self._failures(name) > failures:
                self._refuse(name, f"manifest: {self.isolation.health[name].last}")
            elif why := wrong(answer[0] if answer else None):
                self._refuse(name, why)
            else:
                self.manifests[name] = answer[0]
                if answer[0].hosts and name in self.apart:
                    self.apart[name].let_out()

    def _take_purposes(self) -> None:
        """Note which purpose each learned model serves; its plugin must have named it."""
        for implementation in self._implementations("learned_models"):
            name = implementation.plugin_name
            models = self._ask("learned_models", implementation, {})
            if name in self.apart and self._failures(name):
                self._refuse(name, f"{self.isolation.health[name].last}; take it out of [plugins] apart")
                continue
            for model in models:
                if model.purpose not in self.manifest(name).purposes:
                    self._refuse(
                        name,
                        f"its model {model.name!r} serves the purpose {model.purpose.value!r}; "
                        "name it in the manifest",
                    )
                    break
                self._serves[model.name] = model.purpose

    def _take_jobs(self) -> None:
        """Ask once what each plugin does beside the pages."""
        for implementation in self._implementations("jobs"):
            name = implementation.plugin_name
            if name in self.apart:
                self._refuse(name, "its jobs need the tool's own process; take it out of [plugins] apart")
                continue
            failures = self._failures(name)
            found = self._ask("jobs", implementation, {})
            if self._failures(name) > failures:
                self._refuse(name, self.isolation.health[name].last)
            elif len({job.name for job in found}) < len(found):
                self._refuse(name, "two of its jobs have the same name")
            else:
                self._jobs[name] = found

    def manifest(self, plugin: str) -> Manifest:
        """What a plugin may do."""
        return self.manifests.get(plugin, UNSAID)

    def _take_schemas(self) -> None:
        """Ask for the schemas of settings, and read what the configuration says by them."""
        strangers = sorted(set(self.settings.table) - set(self._rows))
        if strangers:
            raise ConfigurationError(
                f"There are settings for {', '.join(strangers)}, but no such plugin.",
                f"The plugins are: {', '.join(sorted(self._rows))}.",
            )
        for implementation in self._implementations("settings_schema"):
            name = implementation.plugin_name
            answer = self._ask("settings_schema", implementation, {})
            if not answer or not is_schema(answer[0]):
                self._refuse(name, "settings_schema: it is no marshmallow schema class")
                continue
            try:
                self.settings.take(name, answer[0])
            except WrongSettings as error:
                self._refuse(name, error.what)

    def _configure(self) -> None:
        for implementation in self._implementations("configure"):
            name = implementation.plugin_name
            failures = self._failures(name)
            said, configure = _overheard(implementation.function)
            settings = self.settings.installed(name)
            self._ask("configure", implementation, {"settings": settings}, configure)
            if self._failures(name) > failures:
                self._refuse(name, ": ".join([self.isolation.health[name].last, *said]))

    def _refuse(self, name: str, reason: str) -> None:
        self._manager.unregister(name=name)
        if name in self.apart:
            self.apart.pop(name).close()
        self._replace(name, status=f"refused: {reason}")

    def _failures(self, name: str) -> int:
        health = self.isolation.health.get(name)
        return health.failures.total() if health else 0

    def _replace(self, name: str, *, status: str) -> None:
        row = self._rows[name]
        self._rows[name] = Described(row.name, row.version, row.origin, row.hooks, status)

    def describe(self) -> list[Described]:
        """Every plugin found, with its hooks and status."""
        return [
            Described(r.name, r.version, r.origin, r.hooks, self.isolation.status(r.name))
            if r.status == "ok"
            else r
            for r in self._rows.values()
        ]

    def unknown_disabled(self) -> list[str]:
        """Names that are switched off but belong to no plugin: written wrong, or not installed."""
        return sorted(self._disabled - set(self._rows))

    def unknown_apart(self) -> list[str]:
        """Names that are to run in processes of their own but belong to no plugin."""
        return sorted(self._wanted_apart - set(self._rows))

    def close(self) -> None:
        """End the processes of plugins."""
        for plugin in self.apart.values():
            plugin.close()

    # --- as a tenant uses them ---

    def only_for_tenants(self) -> None:
        """From now on, hooks that a tenant can do without are asked through ``of_tenant`` only."""
        self._only_for_tenants = True

    def of_tenant(self, tenant_id: str, choices: Mapping[str, PluginChoice]) -> Plugins:
        """The same plugins, without those that the tenant switched off, and with its settings."""
        view = copy.copy(self)
        view._choices = choices
        view._tenant_id = tenant_id
        view._only_for_tenants = False
        return view

    def choice(self, plugin: str) -> PluginChoice:
        """What the tenant chose about a plugin."""
        return self._choices.get(plugin) or self.usual_choice(plugin)

    def usual_choice(self, plugin: str) -> PluginChoice:
        """What holds where a tenant chose nothing: a stranger's plugin waits to be switched on."""
        return AS_INSTALLED if self._rows[plugin].origin in TRUSTED else NOT_YET

    @property
    def trusted(self) -> frozenset[str]:
        """Names of the plugins that are on without a word of the tenant."""
        return frozenset(row.name for row in self._rows.values() if row.origin in TRUSTED)

    # --- calling ---

    def _implementations(self, hook: str) -> list[Any]:
        """Implementations in the order they are asked."""
        found = reversed(getattr(self._manager.hook, hook).get_hookimpls())
        if RULES[hook].always:
            return list(found)
        if self._only_for_tenants:
            raise AskedForNoTenant(f"{hook} was asked of the plugins as installed; use of_tenant()")
        return [each for each in found if self.choice(each.plugin_name).enabled]

    def _ask(
        self,
        hook: str,
        implementation: Any,
        arguments: Mapping[str, Any],
        function: Callable[..., Any] | None = None,
    ) -> tuple[Any, ...]:
        rule = RULES[hook]
        name = implementation.plugin_name
        given = {argument: arguments[argument] for argument in implementation.argnames}
        situation = given.get("situation")
        if isinstance(situation, Situation):
            situation = limited(situation, self.manifest(name), self._serves)
            settings = self.settings.of(name, self.choice(name))
            given["situation"] = own(situation, name, settings)
        tenant_id = self._tenant_id
        _, answer = self.isolation.call(
            name,
            hook,
            function or implementation.function,
            given,
            seconds=rule.milliseconds / 1000,
            check=lambda value: usable(rule, value),
            noted=(lambda kind, took: self.tallies.note(tenant_id, name, took, kind)) if tenant_id else None,
        )
        return answer or ()

    def collect(self, hook: str, **arguments: Any) -> list[Answered]:
        """Ask every plugin; those with nothing to say are absent."""
        answers = []
        for implementation in self._implementations(hook):
            values = self._ask(hook, implementation, arguments)
            if values:
                answers.append(Answered(implementation.plugin_name, values))
        return answers

    def first(self, hook: str, **arguments: Any) -> Answered | None:
        """Ask in turn until a plugin has something to say."""
        for implementation in self._implementations(hook):
            values = self._ask(hook, implementation, arguments)
            if values:
                return Answered(implementation.plugin_name, values)
        return None

    @property
    def with_jobs(self) -> bool:
        """Whether any plugin brings jobs."""
        return bool(self._jobs)

    def jobs(self) -> list[tuple[str, Job]]:
        """(plugin name, job) for every job of the plugins that the tenant uses."""
        return [(name, job) for name, jobs in self._jobs.items() if self.choice(name).enabled for job in jobs]

    def models(self) -> list[tuple[str, LearnedModel]]:
        """(plugin name, model) for every learned model that plugins bring.

        :raises ConfigurationError: when two models have the same name.
        """
        found: dict[str, tuple[str, LearnedModel]] = {}
        for answered in self.collect("learned_models"):
            for model in answered.values:
                if model.name in found:
                    raise ConfigurationError(
                        f"Two models are called {model.name!r} ({found[model.name][0]}, {answered.plugin}).",
                        "Disable one of the two plugins.",
                    )
                found[model.name] = (answered.plugin, model)
        return list(found.values())
