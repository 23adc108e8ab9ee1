"""What the language's own words are called, in Chinese and English, for whoever offers them to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tideng.model.catalogue import Catalogue, StateWindow
from tideng_rules.wording.sentences import OPERATORS, RECIPIENTS_SAID

Titles = Mapping[str, Mapping[str, str]]


def _both(**pairs: tuple[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"zh": zh, "en": en} for name, (zh, en) in pairs.items()}


_KINDS = _both(
    reminder=("提醒", "Reminder"), validation=("补充信息", "Validation"), escalation=("升级", "Escalation"), diagnosis=("诊断", "Diagnosis")
)  # fmt: skip
_ABOUT = _both(
    person=("人", "A person"), case=("一件事", "A case"), position=("岗位", "A position"), unit=("部门", "A unit")
)
_FAMILIES = _both(
    event=("这条事件", "This event"), case=("这件事", "The case"), person=("人", "The person"), position=("岗位", "The position"),
    unit=("部门", "The unit"), metric=("统计", "Figures"), target=("目标", "Targets"), peers=("同岗位同事", "Peers"), found=("推断", "Inferences"),
)  # fmt: skip
_UNITS = _both(
    characters=("字", "characters"), days=("天", "days"), hours=("小时", "hours"), minutes=("分钟", "minutes"), items=("项", "items"),
    people=("人", "people"), points=("分", "points"), reports=("篇", "reports"), visits=("次拜访", "visits"), share=("比例", "share"),
    ratio=("比例", "ratio"), percent=("%", "%"), money=("元", "money"),
)  # fmt: skip
_TYPES = _both(
    text=("文字", "Text"), number=("数字", "Number"), integer=("整数", "Whole number"), boolean=("是或否", "Yes or no"), date=("日期", "Date"),
    time=("时刻", "Moment"), list=("列表", "List"), object=("一组值", "Group of values"),
)  # fmt: skip
_FUNCTIONS = _both(
    count=("次数", "How many"), sum=("合计", "Total"), average=("平均", "Average"), min=("最小", "Lowest"), max=("最大", "Highest"),
    last=("最近一次", "Latest"), distinct=("不同的有几个", "How many different"),
)  # fmt: skip
_TRIGGERS = _both(
    every=("到了时间", "At a time"), event=("收到一件事", "When something comes"), without=("等了还没来", "When something does not come"),
    wait=("攒一会儿再看", "After waiting a while"), not_all=("没有来齐", "When not all of them come"),
)  # fmt: skip
_EVERY = _both(
    day=("每天", "Every day"),
    workday=("每个工作日", "Every workday"),
    week=("每周", "Every week"),
    month=("每月", "Every month"),
)
_DAYS = _both(
    monday=("周一", "Monday"), tuesday=("周二", "Tuesday"), wednesday=("周三", "Wednesday"), thursday=("周四", "Thursday"),
    friday=("周五", "Friday"), saturday=("周六", "Saturday"), sunday=("周日", "Sunday"), last=("最后一天", "The last day"),
)  # fmt: skip
_DURATIONS = _both(
    minutes=("分钟", "minutes"),
    hours=("小时", "hours"),
    days=("天", "days"),
    weeks=("周", "weeks"),
    workdays=("个工作日", "workdays"),
)
_LIMITS = _both(
    occurrence=("每件事一次", "Once for each occurrence"), day=("每天最多一次", "At most once a day"), week=("每周最多一次", "At most once a week"),
    month=("每月最多一次", "At most once a month"),
)  # fmt: skip
_STEPS = _both(
    course=("课程", "A course"), mentor=("请人带一带", "A mentor"), practice=("练习", "Practice"), change_process=("改流程", "Change the process"),
    review=("回头看一个数", "Look at a figure again"),
)  # fmt: skip
_SEVERITIES = _both(must=("需要补齐", "Needed"), should=("最好补充", "Would help"))
_WINDOWS = {
    "today": {"zh": "今天", "en": "Today"},
    "this week": {"zh": "本周", "en": "This week"},
    "this month": {"zh": "本月", "en": "This month"},
    "last N days": {"zh": "最近 N 天", "en": "Last N days"},
    "last N hours": {"zh": "最近 N 小时", "en": "Last N hours"},
    "last N minutes": {"zh": "最近 N 分钟", "en": "Last N minutes"},
}
_CARDS = _both(
    when=("什么时候", "When"), who=("对谁", "Who"), then=("就做什么", "Then"), later=("还没好，再过一会儿", "Later"),
    until=("直到", "Until"), limit=("最多多久一次", "Limit"), examples=("例子", "Examples"), title=("名字", "Title"), why=("为什么", "Why"),
) | {"if": {"zh": "如果", "en": "If"}}  # fmt: skip
_GROUPS = _both(
    all=("都要满足", "All of these"), any=("满足一个就行", "Any of these"), none=("一个都不能有", "None of these")
)


def titles(roles: Iterable[str] = (), windows: Iterable[StateWindow] = ()) -> dict[str, Titles]:
    """Every list of the vocabulary → its names → their titles."""
    recipients = {name: {one: RECIPIENTS_SAID[one][name] for one in ("zh", "en")} for name in RECIPIENTS_SAID["zh"]}
    named = {f"role:{role}": {"zh": f"角色“{role}”", "en": f"the role “{role}”"} for role in roles}
    return {
        "kinds": _KINDS,
        "about": _ABOUT,
        "families": _FAMILIES,
        "types": _TYPES,
        "operators": _operators(),
        "operators_of_dates": _operators(dates=True),
        "groups": _GROUPS,
        "units": _UNITS,
        "functions": _FUNCTIONS,
        "windows": _WINDOWS | {one.name: one.title for one in windows},
        "triggers": _TRIGGERS,
        "every": _EVERY,
        "days": _DAYS,
        "durations": _DURATIONS,
        "limits": _LIMITS,
        "recipients": recipients | named,
        "severities": _SEVERITIES,
        "steps": _STEPS,
        "cards": _CARDS,
    }


def _operators(dates: bool = False) -> Titles:
    found = {name: {one: OPERATORS[one][name] for one in ("zh", "en")} for name in OPERATORS["zh"]}
    found["exists"] = {"zh": "有没有数据", "en": "has data"}
    if dates:  # nobody says that Monday is more than Sunday
        found |= _both(
            lt=("早于", "is before"),
            lte=("不晚于", "is no later than"),
            gt=("晚于", "is after"),
            gte=("不早于", "is no earlier than"),
        )
    return found


def groups(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The plugins that something of the catalogue comes from, with the titles under which an editor groups it."""
    shelves: tuple[Mapping[str, Any], ...] = (
        catalogue.event_types, catalogue.facts, catalogue.states, catalogue.metrics, catalogue.actions, catalogue.marks
    )  # fmt: skip
    names = sorted({one.plugin for shelf in shelves for one in shelf.values()})
    return [{"name": name, "title": dict(catalogue.title_of(name))} for name in names]
