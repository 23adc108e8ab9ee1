"""Processes."""


class ProcessesPlugin:
    title = {"zh": "流程", "en": "Processes"}
    requires = ("orgchart",)
