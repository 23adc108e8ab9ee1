"""No message punishes, however it is spelled; what only looks like a punishment passes."""

from __future__ import annotations

import pytest

from tideng_rules.check.tone import problems_of, punishment_in


@pytest.mark.parametrize(
    "text",
    [
        "再不交就罚款 50 元", "迟交扣款", "扣你绩效", "扣除当月奖金", "奖金会被扣", "按规定处罚", "会受罚", "罚你 20 元", "罚二十",
        "罚 款", "罚-款", "罚·金", "扣 钱", "罰款", "扣薪", "扣發獎金", "降薪处理", "取消你的年终奖", "罚\u200b款", "扣 50 元", "克扣补贴",
        "扣分", "绩效要扣", "没收提成",
        "A fine of 50 yuan", "You get a fine", "FINE 50 yuan", "You will be fined", "Fines apply", "ｆｉｎｅ of 50",
        "f i n e d for it", "d.e.d.u.c.t it", "We deduct it from your pay", "Deductions follow", "a PENALTY applies", "penalised",
        "Punishment follows", "We dock your pay", "This will cut your bonus", "You lose your commission", "a pay cut", "the fine is 50",
        "P-e-n-a-l-t-y",
    ],
)  # fmt: skip
def test_a_punishment_is_found(text):
    assert punishment_in(text)
    assert [p.severity for p in problems_of(text, "zh", "x") if p.code == "punishes"] == ["error"]


@pytest.mark.parametrize(
    "text",
    [
        "给客户的折扣写上了吗？", "给客户打折扣 款到发货", "卡扣灯的尺寸", "纽扣电池 5 个", "故事扣人心弦", "扣板灯要几盏？", "罚迦村的客户",
        "扣庄镇的展厅", "先扣上再拧紧", "回扣件的安装图", "他认罚字怎么写吗",
        "The lamp is defined in the refined sheet", "All is fine", "That’s fine, thanks", "It is fine", "a fine day for a visit",
        "The finest finish", "fine-tune the light", "the fine print", "Fine with you?", "confined space", "paradise dock in the harbour",
        "The finer detail", "A B C D lamps", "deduce the size", "penal­ised".replace("\u00ad", " ised"), "define", "refined",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_punishment_passes(text):
    assert punishment_in(text) == ""


@pytest.mark.parametrize("text", ["写完它！", "请尽快", "You must", "Great 🎉", "It FAILED"])
def test_a_harsh_word_or_mark_is_a_warning(text):
    assert {"harsh", "exclamation-mark", "emoji"} & {
        p.code for p in problems_of(text, "zh", "x") if p.severity == "warning"
    }
