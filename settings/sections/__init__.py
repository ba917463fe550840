"""The settings themselves: one module a file, `settings/NAME.yaml`.

Descriptions end up in the JSON Schema that editors read, defaults are what a home without any
settings file runs with.
"""

from settings.sections.assistant import AdministratorSettings, AssistantSettings, PluginEntry
from settings.sections.base import Section
from settings.sections.bots import BotSettings
from settings.sections.knowledge import (
    ChunkSettings,
    EmbeddingSettings,
    KnowledgeSettings,
    LintSettings,
    ReadingSettings,
    SearchSettings,
    SourceSettings,
    StoreSettings,
    SyncSettings,
)
from settings.sections.models import (
    EXTRACTIVE,
    BudgetSettings,
    LimitSettings,
    ModelEntry,
    ModelSettings,
    RouteRule,
    RuleConditions,
)

__all__ = [
    "EXTRACTIVE",
    "AdministratorSettings",
    "AssistantSettings",
    "BotSettings",
    "BudgetSettings",
    "ChunkSettings",
    "EmbeddingSettings",
    "KnowledgeSettings",
    "LimitSettings",
    "LintSettings",
    "ModelEntry",
    "ModelSettings",
    "PluginEntry",
    "ReadingSettings",
    "RouteRule",
    "RuleConditions",
    "SearchSettings",
    "Section",
    "SourceSettings",
    "StoreSettings",
    "SyncSettings",
]
