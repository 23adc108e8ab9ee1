"""Following up what customers need."""


class FollowupPlugin:
    title = {"zh": "客户跟进", "en": "Following up customers"}
    requires = ("processes",)
