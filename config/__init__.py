"""Configuration: the site (what the files under config/ say) and the settings of one process."""

from config.loader import load
from config.problems import ConfigProblem, ConfigProblems
from config.site import AgentConfig, Channel, Entry, QueueConfig, Site, TeamConfig

__all__ = [
    "AgentConfig",
    "Channel",
    "ConfigProblem",
    "ConfigProblems",
    "Entry",
    "QueueConfig",
    "Site",
    "TeamConfig",
    "load",
]
