"""What salespeople of a lighting company write, and where they go. Invented, and put together at random."""

from __future__ import annotations

from random import Random

CITIES = {
    "north": ("北京", "天津", "石家庄", "太原", "济南", "青岛", "保定", "唐山"),
    "south": ("广州", "深圳", "佛山", "东莞", "长沙", "厦门", "南宁", "中山"),
    "southwest": ("成都", "重庆", "昆明", "贵阳", "绵阳", "遵义", "泸州", "大理"),
    "sydney": ("Sydney", "Newcastle", "Wollongong", "Canberra"),
}
FIRMS = (
    "恒亮",
    "万家",
    "华彩",
    "星河",
    "明珠",
    "新都",
    "锦程",
    "百汇",
    "金桥",
    "远大",
    "天成",
    "瑞丰",
    "盛景",
    "嘉和",
    "东方",
)
TRADES = ("照明", "灯饰", "酒店", "商场", "装饰", "置业", "医院", "学校")
PURPOSES = ("拜访老客户并了解新季度采购", "新客户开发", "样品安装与回访", "经销商会议", "工程项目跟进")

NEEDS = (
    "客户计划在六月前完成大堂改造，希望主灯能调光，色温在2700K到4000K之间可切换",
    "走廊灯要求安装高度不超过2.6米，不能有明显眩光",
    "采购经理问同款吊灯有没有哑光黑和古铜两种颜色",
    "对方更看重维护，希望光源能单独更换，不想整灯拆下来",
    "预算每个房间控制在八百元以内，数量约一百二十间",
    "设计师要IES文件做照度计算，最好这周能给",
    "商场中庭需要防潮的线条灯，总长大约三百二十米",
    "客户担心交期，希望分两批到货，第一批在月底前",
    "展厅要显色指数95以上，红色面料不能发暗",
    "夜间要有低亮度模式，走廊无人时降到百分之二十",
    "老款壁灯有三处接触不良，希望一并更换并给安装说明",
    "学校教室要通过护眼认证，检测报告要盖章的原件",
    "对接人想了解智能面板能不能接入他们现有的系统",
    "仓库高度九米，问工矿灯的间距和瓦数怎么配",
    "财务要求合同分三期付款，质保写成五年",
)
COMMUNICATION = (
    "上午与采购经理看了样品，对做工满意，价格还要再谈",
    "下午在现场量了尺寸，和设计师核对了图纸",
    "和老板聊了今年的开店计划，预计新开四家",
    "介绍了新款产品，对方留下两套样品试用",
    "回访了去年安装的项目，整体满意，有两处小问题",
    "对方临时开会，改为和工程部沟通安装条件",
)
ISSUES = (
    "样品的交期还没定",
    "IES文件还没给到设计师",
    "价格超出预算约百分之八",
    "现场电压不稳，要确认驱动",
    "检测报告缺盖章原件",
    "竞争对手报价更低",
    "付款方式还没谈妥",
    "老款备件是否还有库存",
)
PLANS = (
    "去下一家客户看现场",
    "把方案和报价发给采购",
    "和产品部确认参数",
    "约设计师碰图纸",
    "回访两家老客户",
    "整理需求并写报告",
)
NEEDS_EN = (
    "The client wants dimmable pendants for the lobby, 2700 K to 4000 K, before the end of June",
    "Corridor fittings must stay below 2.6 m and must not glare",
    "They ask whether the driver can be replaced without taking the fitting down",
    "About 120 rooms, a budget of 160 dollars a room, delivery in two lots",
    "The designer needs IES files for the lighting calculation this week",
    "The warehouse is nine metres high; they ask for spacing and wattage",
)
COMMUNICATION_EN = (
    "Went through samples with the buyer",
    "Measured on site with the designer",
    "Visited last year's project",
)
ISSUES_EN = (
    "Delivery date of the samples",
    "IES files still to come",
    "Price eight per cent over budget",
    "Test report",
)
PLANS_EN = ("See the next site", "Send the proposal", "Check the parameters with the product team")

PRAISE = ("讲解清楚，响应及时", "很专业，方案考虑得细", "态度好，回复快", "安装说明很清楚", "沟通顺畅")
GRUMBLES = ("资料给得慢了一点", "报价来回改了几次", "希望能多来现场看看")
UNSURE = ("问到产品参数时说不清楚，要回去再查", "对产品参数不太熟，色温和显指答不上来")
LOST = ("价格", "交期赶不上", "答复晚了", "选了本地供应商", "项目取消")
REASONS_LEFT = ("个人发展", "家庭原因", "回老家工作", "另有机会")


def text_of(random: Random, length: int, english: bool = False) -> str:
    """A text about a customer's needs of exactly `length` characters."""
    known = NEEDS_EN if english else NEEDS
    start = random.randrange(len(known))
    sentences = known[start:] + known[:start]
    joint, stop = (". ", ".") if english else ("。", "。")
    text = joint.join(sentences)
    while len(text) < length:
        text += joint + joint.join(sentences)
    return text[: length - 1].rstrip(" ,，。.").ljust(length - 1, "…") + stop
